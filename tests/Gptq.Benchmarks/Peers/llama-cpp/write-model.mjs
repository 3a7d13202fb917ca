// Writes a GGUF file (version 3) of a LLaMA with random Q4_0 weights, in the shape of RandomLlama.cs.
// usage: node write-model.mjs <file> <layers>
import fs from "node:fs";

const [file, layerText] = process.argv.slice(2);
const shape = { hidden: 2048, heads: 32, keyValueHeads: 4, feedForward: 5632, vocabulary: 32000, context: 2048, layers: Number(layerText) };
const type = { uint32: 4, int32: 5, float32: 6, text: 8, array: 9 };
const F32 = 0, Q4_0 = 2, alignment = 32;

const parts = [];
const write = (bytes, fill) => { const part = Buffer.alloc(bytes); fill(part); parts.push(part); };
const uint32 = value => write(4, part => part.writeUInt32LE(value));
const uint64 = value => write(8, part => part.writeBigUInt64LE(BigInt(value)));
const float32 = value => write(4, part => part.writeFloatLE(value));
const text = value => { const bytes = Buffer.from(value); uint64(bytes.length); parts.push(bytes); };

const metadata = [];
const add = (key, kind, value) => metadata.push(() => { text(key); uint32(kind); value(); });
const addInteger = (key, value) => add(key, type.uint32, () => uint32(value));
const addText = (key, value) => add(key, type.text, () => text(value));
const addArray = (key, kind, values, one) => add(key, type.array, () => { uint32(kind); uint64(values.length); values.forEach(one); });

// A vocabulary that means nothing: three special tokens, the bytes, and names.
const tokens = ["<unk>", "<s>", "</s>"];
for (let byte = 0; byte < 256; byte++) tokens.push(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
while (tokens.length < shape.vocabulary) tokens.push(`t${tokens.length}`);

addText("general.architecture", "llama");
addInteger("general.file_type", 2);
addInteger("general.quantization_version", 2);
addInteger("llama.context_length", shape.context);
addInteger("llama.embedding_length", shape.hidden);
addInteger("llama.block_count", shape.layers);
addInteger("llama.feed_forward_length", shape.feedForward);
addInteger("llama.attention.head_count", shape.heads);
addInteger("llama.attention.head_count_kv", shape.keyValueHeads);
add("llama.attention.layer_norm_rms_epsilon", type.float32, () => float32(1e-5));
addInteger("llama.rope.dimension_count", shape.hidden / shape.heads);
addInteger("llama.vocab_size", shape.vocabulary);
addText("tokenizer.ggml.model", "llama");
addArray("tokenizer.ggml.tokens", type.text, tokens, text);
addArray("tokenizer.ggml.scores", type.float32, tokens, (_, index) => float32(-index));
addArray("tokenizer.ggml.token_type", type.int32, tokens, (_, index) => uint32(index === 0 ? 2 : index < 3 ? 3 : index < 259 ? 6 : 1));
addInteger("tokenizer.ggml.bos_token_id", 1);
addInteger("tokenizer.ggml.eos_token_id", 2);
addInteger("tokenizer.ggml.unknown_token_id", 0);

const tensors = [];
const norm = name => tensors.push({ name: `${name}.weight`, extents: [shape.hidden], kind: F32 });
const matrix = (name, columns, rows) => tensors.push({ name: `${name}.weight`, extents: [columns, rows], kind: Q4_0 });
const keyValue = shape.hidden / shape.heads * shape.keyValueHeads;
matrix("token_embd", shape.hidden, shape.vocabulary);
norm("output_norm");
matrix("output", shape.hidden, shape.vocabulary);
for (let layer = 0; layer < shape.layers; layer++) {
  const block = `blk.${layer}.`;
  norm(`${block}attn_norm`);
  matrix(`${block}attn_q`, shape.hidden, shape.hidden);
  matrix(`${block}attn_k`, shape.hidden, keyValue);
  matrix(`${block}attn_v`, shape.hidden, keyValue);
  matrix(`${block}attn_output`, shape.hidden, shape.hidden);
  norm(`${block}ffn_norm`);
  matrix(`${block}ffn_gate`, shape.hidden, shape.feedForward);
  matrix(`${block}ffn_up`, shape.hidden, shape.feedForward);
  matrix(`${block}ffn_down`, shape.feedForward, shape.hidden);
}

parts.push(Buffer.from("GGUF"));
uint32(3);
uint64(tensors.length);
uint64(metadata.length);
metadata.forEach(entry => entry());
const aligned = bytes => Math.ceil(bytes / alignment) * alignment;
let offset = 0;
for (const tensor of tensors) {
  const count = tensor.extents.reduce((product, extent) => product * extent);
  tensor.bytes = tensor.kind === F32 ? 4 * count : count / 32 * 18;
  text(tensor.name);
  uint32(tensor.extents.length);
  tensor.extents.forEach(uint64);
  uint32(tensor.kind);
  uint64(offset);
  offset += aligned(tensor.bytes);
}

const output = fs.openSync(file, "wx");
const header = Buffer.concat(parts);
fs.writeSync(output, Buffer.concat([header, Buffer.alloc(aligned(header.length) - header.length)]));
let state = 1;
for (const tensor of tensors) {
  const data = Buffer.alloc(aligned(tensor.bytes));
  if (tensor.kind === F32) {
    for (let at = 0; at < tensor.bytes; at += 4) data.writeFloatLE(1, at);
  } else {
    // A block: a float16 scale (here 2^-7) and 32 codes in 16 bytes.
    for (let at = 0; at < tensor.bytes; at += 18) {
      data.writeUInt16LE(0x2000, at);
      for (let code = 2; code < 18; code += 2) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        data.writeUInt16LE(state >>> 16, at + code);
      }
    }
  }

  fs.writeSync(output, data);
}

fs.closeSync(output);
