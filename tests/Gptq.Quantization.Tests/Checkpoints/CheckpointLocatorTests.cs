using Gptq.Quantization.Checkpoints.Locating;
using Gptq.Quantization.Tests.Checkpoints.Support;

namespace Gptq.Quantization.Tests.Checkpoints;

public sealed class CheckpointLocatorTests : IDisposable
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _environment = [];

    public CheckpointLocatorTests()
    {
        Directory.CreateDirectory(_folder.At("project"));
        _environment["HF_HUB_CACHE"] = _folder.At("hub");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheOrderIsProjectThenRootsThenCache()
    {
        AddToCache("hub", "owner/model", Commit, "main");
        AssertFound(Find("owner/model"), CheckpointOrigin.Cache, "hub/models--owner--model/snapshots/" + Commit);
        Directory.CreateDirectory(_folder.At("second/owner/model"));
        AssertFound(Find("owner/model"), CheckpointOrigin.ModelRoot, "second/owner/model");
        Directory.CreateDirectory(_folder.At("project/first/owner/model"));
        AssertFound(Find("owner/model"), CheckpointOrigin.ModelRoot, "project/first/owner/model");
        Directory.CreateDirectory(_folder.At("project/owner/model"));
        AssertFound(Find("owner/model"), CheckpointOrigin.Directory, "project/owner/model");
    }

    [Fact]
    public void AFolderMayBeNamedByItsFullPathOrAboveTheProject()
    {
        Directory.CreateDirectory(_folder.At("models/mine"));
        AssertFound(Find(_folder.At("models/mine")), CheckpointOrigin.Directory, "models/mine");
        AssertFound(Find("../models/mine"), CheckpointOrigin.Directory, "models/mine");
    }

    [Theory]
    [InlineData("opt-125m", "facebook/opt-125m")]
    [InlineData("OPT-1.3b", "facebook/opt-1.3b")]
    [InlineData("opt-66b", "facebook/opt-66b")]
    [InlineData("bloom", "bigscience/bloom")]
    [InlineData("bloom-7b1", "bigscience/bloom-7b1")]
    [InlineData("bloomz-560m", "bigscience/bloomz-560m")]
    [InlineData("gpt2", "gpt2")]
    [InlineData("Qwen/Qwen3-0.6B", "Qwen/Qwen3-0.6B")]
    public void BareNamesOfThePapersFamiliesAreAliases(string include, string repository)
    {
        AddToCache("hub", repository, Commit, "main");
        Assert.Equal(repository, Find(include)?.Repository);
    }

    [Fact]
    public void ARevisionIsACommitOrABranch()
    {
        var other = Commit.Replace('0', 'f');
        AddToCache("hub", "owner/model", Commit, "main");
        AddToCache("hub", "owner/model", other, "refs/pr/1");
        AssertFound(Find("owner/model", other), CheckpointOrigin.Cache, "hub/models--owner--model/snapshots/" + other);
        AssertFound(Find("owner/model", "refs/pr/1"), CheckpointOrigin.Cache, "hub/models--owner--model/snapshots/" + other);
        AssertFound(Find("owner/model"), CheckpointOrigin.Cache, "hub/models--owner--model/snapshots/" + Commit);
        Assert.Null(Find("owner/model", "v2"));
        Assert.Null(Find("owner/model", "../../x"));
    }

    [Theory]
    [InlineData("HF_HOME", "home", "home/hub")]
    [InlineData("HUGGINGFACE_HUB_CACHE", "old", "old")]
    [InlineData("XDG_CACHE_HOME", "xdg", "xdg/huggingface/hub")]
    public void TheCacheIsWhereTheEnvironmentSays(string variable, string value, string cache)
    {
        _environment.Remove("HF_HUB_CACHE");
        _environment[variable] = _folder.At(value);
        AddToCache(cache, "owner/model", Commit, "main");
        Assert.Equal(CheckpointOrigin.Cache, Find("owner/model")?.Origin);
    }

    [Theory]
    [InlineData("model.safetensors", true)]
    [InlineData("pytorch_model.bin", true)]
    [InlineData("model.safetensors.index.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors", true)]
    [InlineData("model.safetensors.index.json model-00001-of-00002.safetensors", false)]
    [InlineData("model.safetensors.index.json", false)]
    [InlineData("pytorch_model.bin.index.json pytorch_model-00001-of-00001.bin", true)]
    [InlineData("tokenizer.json", false)]
    public void APartOfAModelInTheCacheIsNoCheckpoint(string files, bool found)
    {
        AddToCache("hub", "owner/model", Commit, "main", files.Split(' '));
        Assert.Equal(found, Find("owner/model") is not null);
    }

    [Fact]
    public void ALinkWhoseBlobIsGoneIsNoFile()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");
        AddToCache("hub", "owner/model", Commit, "main", []);
        File.CreateSymbolicLink(_folder.At("hub/models--owner--model/snapshots", Commit, "model.safetensors"), "../../blobs/00");
        Assert.Null(Find("owner/model"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("no-such-model")]
    [InlineData("a/b/c")]
    [InlineData("owner/-x")]
    [InlineData("owner/--")]
    [InlineData("*")]
    [InlineData("a\0b")]
    public void WhatIsNowhereIsNotFound(string include) => Assert.Null(include.Length == 0 ? Find(" ") : Find(include));

    private CheckpointLocation? Find(string include, string revision = "")
        => CheckpointLocator.Find(new CheckpointRequest(include, _folder.At("project"))
        {
            Revision = revision,
            ModelRoots = ["first", _folder.At("second")],
            Environment = _environment.GetValueOrDefault,
        });

    private void AssertFound(CheckpointLocation? location, CheckpointOrigin origin, string path)
    {
        Assert.NotNull(location);
        Assert.Equal((origin, Path.GetFullPath(_folder.At(path))), (location.Origin, location.Directory));
    }

    private void AddToCache(string cache, string repository, string commit, string revision, string[]? files = null)
    {
        var folder = $"{cache}/models--{repository.Replace("/", "--", StringComparison.Ordinal)}";
        foreach (var file in (files ?? ["model.safetensors"]).Append("config.json"))
        {
            _folder.Write($"{folder}/snapshots/{commit}/{file}", "x");
        }

        _folder.Write($"{folder}/refs/{revision}", commit + "\n");
    }
}
