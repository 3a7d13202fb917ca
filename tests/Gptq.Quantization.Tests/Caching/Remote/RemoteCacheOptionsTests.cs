using System.Text;
using Gptq.Quantization.Caching.Remote;

namespace Gptq.Quantization.Tests.Caching.Remote;

public class RemoteCacheOptionsTests
{
    private static RemoteCacheOptions? Create(string? url, params (string Name, string Value)[] environment) =>
        RemoteCacheOptions.Create(url, readOnly: false, name => environment.FirstOrDefault(pair => pair.Name == name).Value);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    public void Nothing_named_is_no_remote_cache(string? url) => Assert.Null(Create(url));

    [Fact]
    public void Address_can_come_from_the_environment() =>
        Assert.Equal("https://cache.example/team", Create(null, (RemoteCacheOptions.UrlVariable, "https://cache.example/team"))!.DisplayUrl);

    [Theory]
    [InlineData("cache.example")]
    [InlineData("/var/cache")]
    [InlineData("ftp://me:s3cret@cache.example")]
    [InlineData("http://me:s3cret@")]
    public void Other_addresses_are_an_error_that_repeats_no_password(string url)
    {
        var error = Assert.Throws<GptqException>(() => Create(url));
        Assert.Equal("GPTQ5114", error.Code);
        Assert.DoesNotContain("s3cret", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Credentials_are_kept_out_of_what_is_printed()
    {
        var options = Create("https://me:s3cret@cache.example:8443/team/?signature=abc", (RemoteCacheOptions.TokenVariable, "t0ken"))!;
        Assert.Equal("https://cache.example:8443/team/", options.DisplayUrl);
        Assert.DoesNotContain("s3cret", options.ToString(), StringComparison.Ordinal);
        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("me:s3cret")), options.Authorization!.ToString());
        Assert.Equal("https://cache.example:8443/team/cas/00?signature=abc", options.At("cas", "00").AbsoluteUri);
    }

    [Fact]
    public void Environment_can_make_it_read_only()
    {
        Assert.True(Create("https://cache.example", (RemoteCacheOptions.ReadOnlyVariable, "True"))!.ReadOnly);
        Assert.False(Create("https://cache.example")!.ReadOnly);
    }

    [Fact]
    public void User_and_password_can_come_from_the_environment()
    {
        (string, string)[] environment = [(RemoteCacheOptions.UserVariable, "me"), (RemoteCacheOptions.PasswordVariable, "s3:cret"), (RemoteCacheOptions.TokenVariable, "t0ken")];
        Assert.Equal(Convert.ToBase64String("me:s3:cret"u8), Create("https://cache.example", environment)!.Authorization!.Parameter);
        Assert.Equal(Convert.ToBase64String("you:too"u8), Create("https://you:too@cache.example", environment)!.Authorization!.Parameter);
    }

    [Fact]
    public void Token_is_a_bearer()
    {
        Assert.Equal("Bearer t0ken", Create("https://cache.example", (RemoteCacheOptions.TokenVariable, "t0ken\n"))!.Authorization!.ToString());
        Assert.Null(Create("https://cache.example")!.Authorization);
        Assert.Equal(Convert.ToBase64String("me:a:b/c"u8), Create("https://me:a%3Ab%2Fc@cache.example")!.Authorization!.Parameter);
        Assert.Equal("https://cache.example/ac/00", Create("https://cache.example")!.At("ac", "00").AbsoluteUri);
    }
}
