// Writes what Unicode normalization needs (src/Gptq.Tokenizers/Normalization/unicode-normalization.txt) from the tables inside Node:
//   node eng/unicode/normalization.mjs > src/Gptq.Tokenizers/Normalization/unicode-normalization.txt
// Lines: "R cp class" canonical combining class, "D cp cps" full canonical decomposition, "K cp cps" full compatibility decomposition where it
// differs, "C cp first second" primary composite. Hangul is computed, not listed.
const hex = (c) => c.toString(16).toUpperCase();
const points = (s) => [...s].map((c) => c.codePointAt(0));
const isHangul = (c) => c >= 0xac00 && c <= 0xd7a3;
const surrogate = (c) => c >= 0xd800 && c <= 0xdfff;
// One character of each canonical combining class, ascending.
const classes = [
  [1, 0x334], [6, 0x16ff0], [7, 0x93c], [8, 0x3099], [9, 0x94d], [10, 0x5b0], [11, 0x5b1], [12, 0x5b2], [13, 0x5b3], [14, 0x5b4], [15, 0x5b5],
  [16, 0x5b6], [17, 0x5b7], [18, 0x5b8], [19, 0x5b9], [20, 0x5bb], [21, 0x5bc], [22, 0x5bd], [23, 0x5bf], [24, 0x5c1], [25, 0x5c2],
  [26, 0xfb1e], [27, 0x64b], [28, 0x64c], [29, 0x64d], [30, 0x64e], [31, 0x64f], [32, 0x650], [33, 0x651], [34, 0x652], [35, 0x670],
  [36, 0x711], [84, 0xc55], [91, 0xc56], [103, 0xe38], [107, 0xe48], [118, 0xeb8], [122, 0xec8], [129, 0xf71], [130, 0xf72], [132, 0xf74],
  [202, 0x327], [214, 0x1dce], [216, 0x31b], [218, 0x302a], [220, 0x323], [222, 0x59a], [224, 0x302e], [226, 0x1d16d], [228, 0x5ae],
  [230, 0x307], [232, 0x315], [233, 0x35c], [234, 0x35d], [240, 0x345],
];
const moves = (first, second) => (String.fromCodePoint(first, second)).normalize('NFD') !== String.fromCodePoint(first).normalize('NFD') + String.fromCodePoint(second).normalize('NFD');
const combiningClass = (c) => {
  const after = classes.findIndex(([, mark]) => moves(mark, c));   // c comes before this class's mark: its class is lower
  const before = classes.findLastIndex(([, mark]) => moves(c, mark)); // this class's mark comes before c: its class is higher
  if (after < 0 && before < 0) return 0;
  const [low, high] = [before + 1, after < 0 ? classes.length : after];
  if (high - low !== 1) throw new Error(`no representative for the class of U+${hex(c)}`);
  return classes[low][0];
};
console.log(`# Unicode ${process.versions.unicode}; made by eng/unicode/normalization.mjs`);
for (let c = 0; c <= 0x10ffff; c++) {
  if (surrogate(c) || isHangul(c)) continue;
  const s = String.fromCodePoint(c);
  const [d, k] = [s.normalize('NFD'), s.normalize('NFKD')];
  if (d === s && /\p{M}/u.test(s)) {
    const value = combiningClass(c);
    if (value) console.log(`R ${hex(c)} ${value}`);
  }
  if (d !== s) console.log(`D ${hex(c)} ${points(d).map(hex).join(' ')}`);
  if (k !== d) console.log(`K ${hex(c)} ${points(k).map(hex).join(' ')}`);
  if (d !== s && s.normalize('NFC') === s) {
    const parts = points(d);
    const head = points(String.fromCodePoint(...parts.slice(0, -1)).normalize('NFC'));
    if (head.length !== 1) throw new Error(`U+${hex(c)} has no pair`);
    console.log(`C ${hex(c)} ${hex(head[0])} ${hex(parts.at(-1))}`);
  }
}
