// The scene is one text in the manner of a printed play, "NAME:\nline\n\n"; the server continues it.
const you = "ROMEO";
const cue = "JULIET:\n";
let scene = "";
let running = null;

const element = id => document.getElementById(id);
const [line, send, stop, log, trouble, numbers] = ["line", "send", "stop", "scene", "trouble", "numbers"].map(element);

element("composer").addEventListener("submit", event => { event.preventDefault(); say(line.value); });
stop.addEventListener("click", () => running?.abort());
line.addEventListener("keydown", event => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); say(line.value); }
});
line.addEventListener("input", update);
document.addEventListener("keydown", event => { if (event.key === "Escape") running?.abort(); });
for (const button of document.querySelectorAll("#cues button")) button.addEventListener("click", () => say(button.textContent));
update();
describeModel();

async function say(text) {
  text = text.trim().replace(/\n{2,}/g, "\n");
  if (!text || running) return;
  running = new AbortController();
  element("welcome").hidden = true;
  trouble.hidden = true;
  line.value = "";
  update();
  const before = scene;
  scene += `${you}:\n${text}\n\n`;
  const asked = add("said yours");
  show(asked, `${you}:\n${text}`);

  const answer = add("said writing");
  let written = cue;
  show(answer, written);
  try {
    const response = await fetch("write", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ text: scene + cue, stop: `\n${you}:` }),
      signal: running.signal,
    });
    if (!response.ok) throw new Error((await response.json()).detail);
    for await (const piece of events(response.body)) {
      written += piece.text;
      show(answer, written);
      count(piece);
    }
  } catch (error) {
    if (error.name === "AbortError") {
      answer.classList.add("cut");
    } else {
      trouble.textContent = error instanceof TypeError ? "The server does not answer. Is the app still running?" : error.message;
      trouble.hidden = false;
    }
  }
  answer.classList.remove("writing");
  if (written !== cue) {
    scene += written.trimEnd() + "\n\n";
  } else if (trouble.hidden) {
    show(answer, cue + "…");
  } else {
    // Nothing was said: the line goes back into the box.
    asked.remove();
    answer.remove();
    scene = before;
    line.value = text;
  }
  running = null;
  update();
  line.focus();
}

// Server-sent events: blocks that end with an empty line, of lines "field: value".
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const blocks = (text + part.value).split("\n\n");
    text = blocks.pop();
    for (const block of blocks) yield JSON.parse(block.split("\n").find(field => field.startsWith("data:")).slice("data:".length));
  }
}

function add(classes) {
  const paragraph = document.createElement("p");
  paragraph.className = classes;
  log.append(paragraph);
  return paragraph;
}

// A speaker's name stands at the beginning of a paragraph, alone on its line, with a colon.
function show(paragraph, text) {
  const follows = innerHeight + scrollY > document.documentElement.scrollHeight - 80;
  paragraph.replaceChildren(...text.split(/(?:^|\n\n)([^\n:]{1,30}):\n/).map((part, index) => {
    if (index % 2 === 0) return part.trim();
    const speaker = document.createElement("span");
    speaker.className = "speaker";
    speaker.textContent = part === you ? `${part} (you)` : part;
    return speaker;
  }));
  if (follows) scrollTo(0, document.documentElement.scrollHeight);
}

function count({ tokensPerSecond, memoryMegabytes }) {
  numbers.textContent = `${Math.round(tokensPerSecond)} tokens/s · ${Math.round(memoryMegabytes)} MB of memory`;
}

function update() {
  stop.hidden = !running;
  send.hidden = !!running;
  send.disabled = !line.value.trim();
}

async function describeModel() {
  const model = await (await fetch("model")).json();
  element("model").textContent = `${model.name} · ${model.bits} bits · ${model.fileMegabytes.toFixed(1)} MB`;
  numbers.textContent ||= `${Math.round(model.memoryMegabytes)} MB of memory`;
}
