// node generate.mjs <folder with node_modules> <model folder> <count> <prompt id> …: prints the ids that greedy search continues the prompt with.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [packages, folder, count, ...prompt] = process.argv.slice(2);
const { InferenceSession, Tensor } = createRequire(join(packages, 'package.json'))('onnxruntime-node');
const { decoder } = JSON.parse(readFileSync(join(folder, 'genai_config.json'), 'utf8')).model;
const session = await InferenceSession.create(join(folder, decoder.filename));

const int64 = (values) => new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
const caches = [...Array(decoder.num_hidden_layers).keys()].flatMap((layer) => ['key', 'value'].map((kind) => [
  decoder.inputs[`past_${kind}_names`].replace('%d', layer), decoder.outputs[`present_${kind}_names`].replace('%d', layer)]));
let past = Object.fromEntries(caches.map(([name]) => [name, new Tensor('float32', new Float32Array(0), [1, decoder.num_key_value_heads, 0, decoder.head_size])]));
let ids = prompt.map(Number);
let length = 0;
const generated = [];
while (generated.length < Number(count)) {
  length += ids.length;
  const feeds = { input_ids: int64(ids), attention_mask: int64(Array(length).fill(1)), ...past };
  if (decoder.inputs.position_ids) feeds.position_ids = int64(ids.map((_, i) => length - ids.length + i));
  const results = await session.run(feeds);
  const { data, dims } = results[decoder.outputs.logits];
  const last = data.subarray(data.length - dims[2]);
  ids = [last.reduce((best, value, i) => (value > last[best] ? i : best), 0)];
  generated.push(ids[0]);
  past = Object.fromEntries(caches.map(([name, present]) => [name, results[present]]));
}
console.log(generated.join(' '));
