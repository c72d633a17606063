// Verifiers of signed requests, by libraries that we didn't write: AWS Signature 4 and STS (@smithy, what the AWS SDK signs
// with), OAuth 1.0a (oauth-1.0a), and JWT (jose). 200 with what was verified, or 401 with the reason.
// Usage: node verifiers.mjs <public key of JWTs, PEM or a secret> <JWT algorithm> <public RSA key of OAuth 1, PEM>
import { createHash, createHmac, createPublicKey, createSecretKey, createVerify } from 'node:crypto';
import { Hash } from '@smithy/hash-node';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { jwtVerify } from 'jose';
import OAuth from 'oauth-1.0a';
import { answer, bodyOf, serve } from './peer.mjs';

const [jwtKey, jwtAlgorithm, rsaKey] = process.argv.slice(2);
const revoked = new Set();
const seen = new Set();
const nonces = new Set();
const awsKeys = new Map([['AKIDEXAMPLE', { secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }]]);
let assumed = 0;

const refuse = (reason, status = 401) => { throw Object.assign(new Error(reason), { status }); };

async function verifyAws(request, url, body) {
  const header = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/
    .exec(request.headers.authorization ?? '') ?? refuse('no AWS4-HMAC-SHA256 header');
  const [, accessKeyId, day, region, service, names] = header;
  const key = awsKeys.get(accessKeyId) ?? refuse('InvalidClientTokenId: unknown access key', 403);
  if ((key.sessionToken ?? undefined) !== request.headers['x-amz-security-token']) {
    refuse('the session token is another');
  }

  const signed = new Set(names.split(';'));
  for (const name of Object.keys(request.headers)) {
    if (name.startsWith('x-amz-') && !signed.has(name)) {
      refuse(`${name} isn't signed`);
    }
  }

  const time = request.headers['x-amz-date'].replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5');
  if (!time.replaceAll('-', '').startsWith(day) || Math.abs(Date.parse(time) - Date.now()) > 300_000) {
    refuse('the time is wrong');
  }

  const payload = request.headers['x-amz-content-sha256'];
  if (payload && payload !== 'UNSIGNED-PAYLOAD' && payload !== createHash('sha256').update(body).digest('hex')) {
    refuse('the payload hash is wrong');
  }

  const query = {};
  for (const [name, value] of url.searchParams) {
    query[name] = name in query ? [query[name], value].flat() : value;
  }

  const again = await new SignatureV4({
    credentials: { accessKeyId, ...key }, region, service, sha256: Hash.bind(null, 'sha256'), uriEscapePath: service !== 's3', applyChecksum: payload !== undefined,
  }).sign(new HttpRequest({
    method: request.method, protocol: 'http:', hostname: url.hostname, port: Number(url.port), path: url.pathname, query,
    headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => signed.has(name))), body,
  }), { signingDate: new Date(time), signableHeaders: signed });
  if (again.headers.authorization.replaceAll(' ', '') !== request.headers.authorization.replaceAll(' ', '')) {
    refuse(`the signature is wrong: ${again.headers.authorization}`);
  }

  return { region, service, assumed };
}

async function assumeRole(request, url, body) {
  await verifyAws(request, url, body);
  const form = new URLSearchParams(body.toString());
  if (form.get('Action') !== 'AssumeRole' || !form.get('RoleArn') || form.get('ExternalId') !== 'external-1') {
    refuse('not the role to assume');
  }

  assumed++;
  const id = `ASIATEMPORARY${assumed}`;
  const key = { secretAccessKey: `temporary-secret-${assumed}/+`, sessionToken: `session-token-${assumed}/+==` };
  awsKeys.set(id, key);
  return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${key.secretAccessKey}</SecretAccessKey><SessionToken>${key.sessionToken}</SessionToken>
<Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;
}

function verifyOAuth1(request, url, body) {
  const sent = {};
  for (const [, name, value] of (request.headers.authorization ?? '').replace(/^OAuth /, '').matchAll(/([a-z_]+)="([^"]*)"/g)) {
    sent[name] = decodeURIComponent(value);
  }

  const { oauth_signature: signature, realm, ...parameters } = sent;
  if (parameters.oauth_consumer_key !== 'consumer-1' || parameters.oauth_token !== 'token-1' || nonces.has(parameters.oauth_nonce)
    || Math.abs(parameters.oauth_timestamp - Date.now() / 1000) > 300) {
    refuse('consumer, token, nonce or time is wrong');
  }

  nonces.add(parameters.oauth_nonce);
  const method = parameters.oauth_signature_method;
  let base;
  const oauth = new OAuth({
    consumer: { key: 'consumer-1', secret: 'consumer-secret&1' },
    signature_method: method,
    hash_function: (text, key) => {
      base = text;
      return method === 'PLAINTEXT' ? key : method === 'RSA-SHA1' ? '' : createHmac(method === 'HMAC-SHA256' ? 'sha256' : 'sha1', key).update(text).digest('base64');
    },
  });
  const form = /^application\/x-www-form-urlencoded\b/.test(request.headers['content-type'] ?? '');
  const data = {};
  for (const [name, value] of form ? new URLSearchParams(body.toString()) : []) {
    data[name] = name in data ? [data[name], value].flat() : value;
  }

  const expected = oauth.getSignature({ url: url.href, method: request.method, data }, 'token-secret 1', parameters);
  const right = method === 'RSA-SHA1' ? createVerify('RSA-SHA1').update(base).verify(rsaKey, signature, 'base64') : signature === expected;
  return right ? { method, realm } : refuse(`the signature is wrong: ${base}`);
}

async function verifyJwt(request) {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? refuse('no bearer token');
  const key = jwtKey.startsWith('-----') ? createPublicKey(jwtKey) : createSecretKey(Buffer.from(jwtKey));
  const { payload, protectedHeader } = await jwtVerify(token, key, {
    algorithms: [jwtAlgorithm], issuer: 'issuer-1', audience: 'https://audience.example/', subject: 'subject-1', requiredClaims: ['exp', 'iat', 'jti'],
  });
  if (revoked.has(payload.jti)) {
    refuse('revoked');
  }

  seen.add(payload.jti);
  return { header: protectedHeader, payload };
}

await serve((base) => async (request, response) => {
  const url = new URL(request.url, base);
  const body = await bodyOf(request);
  try {
    switch (url.pathname.split('/')[1]) {
      case 'aws': return answer(response, 200, await verifyAws(request, url, body));
      case 'sts': return response.writeHead(200, { 'Content-Type': 'text/xml' }).end(await assumeRole(request, url, body));
      case 'oauth1': return answer(response, 200, verifyOAuth1(request, url, body));
      case 'jwt': return answer(response, 200, await verifyJwt(request));
      case 'revoke':
        seen.forEach((id) => revoked.add(id));
        [...awsKeys.keys()].filter((id) => id.startsWith('ASIA')).forEach((id) => awsKeys.delete(id));
        return answer(response, 200, {});
      default: return answer(response, 404, {});
    }
  } catch (error) {
    return answer(response, error.status ?? 401, { error: error.message });
  }
});
