// Shows the service's record, with nothing of the vault in it.
//
//   SERVICE_URL    where the service is
//   SERVICE_TOKEN  the app's token, if it needs one
//
// Through the forward proxy: HTTPS_PROXY (HTTP_PROXY for http) and SSL_CERT_FILE. By name: SERVICE_URL=…/callout/Service and
// SERVICE_TOKEN=<the vault key>.
using var connections = new SocketsHttpHandler();
using var client = new HttpClient(connections) { Timeout = TimeSpan.FromSeconds(30) };
using var request = new HttpRequestMessage(HttpMethod.Get, Environment.GetEnvironmentVariable("SERVICE_URL") + "/record");
if (Environment.GetEnvironmentVariable("SERVICE_TOKEN") is { Length: > 0 } token)
{
    request.Headers.Authorization = new("Bearer", token);
}

using var response = await client.SendAsync(request);
var text = await response.Content.ReadAsStringAsync();
if (!response.IsSuccessStatusCode)
{
    await Console.Error.WriteLineAsync($"{(int)response.StatusCode} {text}");
    return 1;
}

Console.WriteLine(text);
return 0;
