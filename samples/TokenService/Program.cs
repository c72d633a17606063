using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

// The service of the story: it knows one user, hands out a token for the password, and shows its record for the token.
var builder = WebApplication.CreateBuilder(args);
var app = builder.Build();
var username = app.Configuration["TokenService:Username"] ?? "demo-user";
var password = app.Configuration["TokenService:Password"] ?? "demo-password-1";
var tokens = new ConcurrentDictionary<string, bool>();
var readable = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
var seen = new ConcurrentQueue<string>();

// What was received, for the demo to show: this service may see the secrets, they are its own.
app.Use(async (context, next) =>
{
    context.Request.EnableBuffering();
    using var reader = new StreamReader(context.Request.Body, Encoding.UTF8, leaveOpen: true);
    var body = await reader.ReadToEndAsync(context.RequestAborted);
    context.Request.Body.Position = 0;
    if (context.Request.Path != "/seen")
    {
        seen.Enqueue(JsonSerializer.Serialize(new
        {
            method = context.Request.Method,
            path = context.Request.Path + context.Request.QueryString,
            headers = context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString()),
            body,
        }, readable));
        while (seen.Count > 50 && seen.TryDequeue(out _))
        {
        }
    }

    await next(context);
});

app.MapPost("/token", (Login login) =>
{
    if (login.Username != username || login.Password != password)
    {
        return Results.Json(new { error = "wrong user name or password" }, statusCode: StatusCodes.Status401Unauthorized);
    }

    var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
    tokens[token] = true;
    return Results.Json(new { securityToken = token });
});

app.MapGet("/record", (HttpRequest request) =>
{
    var authorization = request.Headers.Authorization.ToString();
    return authorization.StartsWith("Bearer ", StringComparison.Ordinal) && tokens.ContainsKey(authorization["Bearer ".Length..])
        ? Results.Json(new { id = 1, name = "The record", balance = 42 })
        : Results.Json(new { error = "no valid token" }, statusCode: StatusCodes.Status401Unauthorized);
});

app.MapPost("/expire", () =>
{
    tokens.Clear();
    return Results.NoContent();
});

app.MapGet("/seen", () => Results.Text(string.Concat(seen.Select(line => line + "\n")), "application/x-ndjson"));

app.Run();

/// <summary>What a client sends to get a token.</summary>
internal sealed record Login(string? Username, string? Password);
