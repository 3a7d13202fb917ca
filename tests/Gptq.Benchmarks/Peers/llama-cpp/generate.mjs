// Generates with llama.cpp, one step for each line on standard input: "prompt <tokens>" or "step". Answers each with the seconds it took.
// usage: node generate.mjs <model> <threads> <context>
import readline from "node:readline";
import { getLlama } from "node-llama-cpp";

const [modelPath, threads, contextSize] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const llama = await getLlama({ gpu: false, build: "never", logLevel: "error", maxThreads: threads });
const start = performance.now();
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({ contextSize, batchSize: 512, threads });
const sequence = context.getSequence();
console.log((performance.now() - start) / 1e3);

let generation;
for await (const line of readline.createInterface({ input: process.stdin })) {
  const [command, count] = line.split(" ");
  const begin = performance.now();
  if (command === "prompt") {
    await sequence.clearHistory();
    generation = sequence.evaluate(Array.from({ length: Number(count) }, (_, index) => 300 + index), { temperature: 0 });
  }

  await generation.next();
  console.log((performance.now() - begin) / 1e3);
}

process.exit(0);
