using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Gptq.Quantization.Tests.Caching.Remote;

/// <summary>A real nginx with DAV on the loopback, the way Bazel's documentation sets it up. Tests skip, saying so, where there is none.</summary>
public sealed class NginxServer : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"gptq-nginx-{Guid.NewGuid():N}");
    private readonly int _port = FreePort();
    private Process? _process;

    /// <summary>Takes everything from everybody.</summary>
    public string Open => At("open");

    /// <summary>Asks for the user me and the password s3cret/@.</summary>
    public string Basic => At("basic");

    /// <summary>Asks for the token t0ken.</summary>
    public string Bearer => At("bearer");

    /// <summary>Shows what is in <see cref="Open"/>, takes nothing.</summary>
    public string Frozen => At("frozen");

    /// <summary>Takes no more than a kilobyte at once.</summary>
    public string Small => At("small");

    /// <summary>Where what was put into <see cref="Open"/> lies.</summary>
    public string OpenFolder => Path.Combine(_folder, "data", "open");

    public void Require() => Assert.SkipWhen(_process is null, "nginx is not on the PATH: install it (Debian: nginx) to run this test.");

    public async ValueTask InitializeAsync()
    {
        if (!OperatingSystem.IsLinux() || !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Any(HasNginx))
            return;
        foreach (var location in (string[])["open", "basic", "bearer", "small"])
            Directory.CreateDirectory(Path.Combine(_folder, "data", location));
        Directory.CreateDirectory(Path.Combine(_folder, "temporary"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "passwords"), "me:{PLAIN}s3cret/@\n");
        await File.WriteAllTextAsync(Path.Combine(_folder, "nginx.conf"), Configuration());
        _process = Process.Start(new ProcessStartInfo("nginx", ["-p", _folder, "-c", Path.Combine(_folder, "nginx.conf"), "-e", "error.log"])
        {
            Environment = { ["PATH"] = Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin" },
        });
        await WaitUntilItListensAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    private string At(string location) => $"http://127.0.0.1:{_port}/{location}";

    private static bool HasNginx(string folder) => File.Exists(Path.Combine(folder, "nginx"));

    private string Configuration() => $$"""
        daemon off;
        worker_processes 1;
        {{(Environment.IsPrivilegedProcess ? "user root;" : "")}}
        pid nginx.pid;
        events { }
        http {
          access_log off;
          client_body_temp_path temporary;
          proxy_temp_path temporary;
          fastcgi_temp_path temporary;
          uwsgi_temp_path temporary;
          scgi_temp_path temporary;
          client_max_body_size 1g;
          root data;
          create_full_put_path on;
          server {
            listen 127.0.0.1:{{_port}};
            location /open/ { dav_methods PUT; }
            location /basic/ { dav_methods PUT; auth_basic cache; auth_basic_user_file passwords; }
            location /bearer/ { dav_methods PUT; if ($http_authorization != "Bearer t0ken") { return 401; } }
            location /frozen/ { alias data/open/; }
            location /small/ { dav_methods PUT; client_max_body_size 1k; }
          }
        }
        """;

    private async Task WaitUntilItListensAsync()
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, _port);
                return;
            }
            catch (SocketException) when (attempt < 100 && !_process!.HasExited)
            {
                await Task.Delay(50); // nginx tells nobody when it is ready
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
