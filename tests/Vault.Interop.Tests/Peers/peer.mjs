// What every peer shares: a server on a free port of loopback that ends with the test that started it.
import { createServer } from 'node:http';

/** Listens, lets `make(url)` give the handler, and prints the URL as the one line that the test waits for. */
export async function serve(make) {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  server.on('request', await make(url));
  process.stdin.resume().on('end', () => process.exit(0));
  console.log(url);
}

/** The raw bytes of a request. */
export async function bodyOf(request) {
  const parts = [];
  for await (const part of request) {
    parts.push(part);
  }

  return Buffer.concat(parts);
}

export function answer(response, status, body) {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
