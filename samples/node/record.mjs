// Shows the service's record, with nothing of the vault in it.
//
//   SERVICE_URL    where the service is
//   SERVICE_TOKEN  the app's token, if it needs one
//
// Through the forward proxy: HTTPS_PROXY (HTTP_PROXY for http) and NODE_EXTRA_CA_CERTS. By name: SERVICE_URL=…/callout/Service
// and SERVICE_TOKEN=<the vault key>. The fetch of Node 20 and 22 takes no proxy from the environment; undici's agent does.
import { EnvHttpProxyAgent, fetch } from 'undici';

const { SERVICE_URL, SERVICE_TOKEN } = process.env;
const response = await fetch(`${SERVICE_URL}/record`, {
  headers: SERVICE_TOKEN ? { authorization: `Bearer ${SERVICE_TOKEN}` } : {},
  dispatcher: new EnvHttpProxyAgent(),
  signal: AbortSignal.timeout(30_000),
});
const text = await response.text();
if (!response.ok) {
  console.error(response.status, text);
  process.exit(1);
}
console.log(text);
process.exit(0);
