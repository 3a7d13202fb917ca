using Verses;

using var poet = new Poet();
var line = args.Length > 0 ? string.Join(' ', args) : "Now is the winter";
for (var seed = 1; seed <= 3; seed++) Console.WriteLine(poet.Continue(line, seed));
