// oidc-provider (a certified OpenID provider) with its own login pages, and a resource that takes its tokens until they are revoked.
// Usage: node oauth-server.mjs <redirect uri> <public JWK of the client "key-client">
import Provider, { errors } from 'oidc-provider';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { answer, serve } from './peer.mjs';

const [redirectUri, publicKey] = process.argv.slice(2);
const keys = { keys: [JSON.parse(publicKey)] };
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const assertionGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const everything = {
  grant_types: ['authorization_code', 'refresh_token', 'client_credentials', deviceGrant, assertionGrant],
  response_types: ['code'],
  redirect_uris: [redirectUri],
  scope: 'openid offline_access',
};
const secret = 'the client:secret+1 which is long enough for HMAC';
const clients = [
  { ...everything, client_id: 'basic-client', client_secret: secret, token_endpoint_auth_method: 'client_secret_basic' },
  { ...everything, client_id: 'post-client', client_secret: secret, token_endpoint_auth_method: 'client_secret_post' },
  { ...everything, client_id: 'hmac-client', client_secret: secret, token_endpoint_auth_method: 'client_secret_jwt', token_endpoint_auth_signing_alg: 'HS256' },
  { ...everything, client_id: 'key-client', jwks: keys, token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256' },
  { ...everything, client_id: 'public-client', token_endpoint_auth_method: 'none' },
];

await serve((url) => {
  const provider = new Provider(url, {
    clients,
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none'],
    rotateRefreshToken: true,
    pkce: { required: () => true },
    features: {
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      devInteractions: { enabled: true },
      revocation: { enabled: true },
    },
  });

  // RFC 7523: oidc-provider leaves this grant to its users; jose verifies the assertion.
  provider.registerGrantType(assertionGrant, async (ctx) => {
    const { client } = ctx.oidc;
    try {
      const { payload } = await jwtVerify(ctx.oidc.params.assertion, createLocalJWKSet(keys), {
        issuer: client.clientId, audience: ctx.oidc.urlFor('token'), requiredClaims: ['sub', 'exp', 'iat', 'jti'],
      });
      const token = new provider.ClientCredentials({ client, extra: { sub: payload.sub } });
      ctx.body = { access_token: await token.save(), token_type: 'Bearer', expires_in: token.expiration };
    } catch (error) {
      throw new errors.InvalidGrant(error.message);
    }
  }, ['assertion', 'scope']);

  provider.on('server_error', (ctx, error) => console.error(error));
  const alive = new Set();
  let given = 0;
  for (const kind of ['access_token', 'client_credentials']) {
    provider.on(`${kind}.saved`, (token) => { given++; alive.add(token); });
  }

  const oauth = provider.callback();
  return async (request, response) => {
    if (request.url === '/control/revoke') {
      await Promise.all([...alive].map((token) => token.destroy()));
      alive.clear();
      return answer(response, 200, { given });
    }

    if (!request.url.startsWith('/api/')) {
      return oauth(request, response);
    }

    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const found = await provider.AccessToken.find(token) ?? await provider.ClientCredentials.find(token);
    return answer(response, found ? 200 : 401, { given, account: found?.accountId ?? found?.clientId });
  };
});
