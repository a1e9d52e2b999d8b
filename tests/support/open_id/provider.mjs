// A real OpenID provider for tests. Everybody who comes is signed in at once as `account`. It prints
// its URL, and does on POST /control {…} what a test asks for:
//   account  {sub, email, email_verified, name}
//   alg      RS256 or ES256, by a new key
//   rotate   a new key instead of the old one
//   tamper   what to do to ID tokens from now on; see `forge`
// GET /control tells how often the keys and the discovery document were asked for.
import { createServer } from 'node:http';
import { createHmac } from 'node:crypto';
import * as jose from 'jose';
import Provider from 'oidc-provider';

const clientId = process.env.CLIENT_ID;
const clientSecret = process.env.CLIENT_SECRET;
const redirectUrl = process.env.REDIRECT_URL;

const state = {
  alg: 'RS256',
  account: { sub: '1001', email: 'ada@example.org', email_verified: true, name: 'Ada' },
  tamper: '',
  asked: { keys: 0, discovery: 0 },
  keys: 0,
  lastToken: '',
};
let issuer = '';
let provider;
let signingKey;

async function newKey(kid) {
  const { privateKey } = await jose.generateKeyPair(state.alg, { extractable: true });
  return { ...(await jose.exportJWK(privateKey)), kid, alg: state.alg, use: 'sig' };
}

async function sign(claims, header, jwk) {
  const key = await jose.importJWK(jwk, header.alg);
  return new jose.SignJWT(claims).setProtectedHeader(header).sign(key);
}

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function byHmac(header, claims, secret) {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

async function forge(how, token) {
  const claims = jose.decodeJwt(token);
  const header = jose.decodeProtectedHeader(token);
  const now = Math.floor(Date.now() / 1000);
  const changed = (change) => sign({ ...claims, ...change }, header, signingKey);
  switch (how) {
    case '': return token;
    case 'expired': return changed({ iat: now - 400, exp: now - 100 });
    case 'from the future': return changed({ iat: now + 3600, exp: now + 7200 });
    case 'other audience': return changed({ aud: 'somebody-else' });
    case 'two audiences': return changed({ aud: [clientId, 'somebody-else'] });
    case 'other issuer': return changed({ iss: 'https://evil.example' });
    case 'other nonce': return changed({ nonce: 'x'.repeat(43) });
    case 'no nonce': return changed({ nonce: undefined });
    case 'unverified': return changed({ email_verified: false });
    case 'no email': return changed({ email: undefined });
    case 'other key': return sign(claims, header, await newKey(signingKey.kid));
    case 'unknown key': return sign(claims, { ...header, kid: `k-${Math.random()}` }, await newKey('x'));
    case 'none': return `${encode({ ...header, alg: 'none' })}.${encode(claims)}.`;
    case 'hs256 by secret': return byHmac({ ...header, alg: 'HS256' }, claims, clientSecret);
    case 'hs256 by public key': return byHmac({ ...header, alg: 'HS256' }, claims, signingKey.n ?? signingKey.x);
    case 'critical': return sign(claims, { ...header, crit: ['b64'], b64: true }, signingKey);
    case 'changed': {
      const [head, , signature] = token.split('.');
      return `${head}.${encode({ ...claims, email: 'evil@example.org' })}.${signature}`;
    }
    case 'cut': return token.slice(0, -4);
    case 'padded': return `${token}==`;
    case 'garbage': return 'not-a-token';
    case 'replayed': return state.lastToken;
    default: throw new Error(`no such forgery: ${how}`);
  }
}

async function restart() {
  state.keys += 1;
  signingKey = await newKey(`key-${state.keys}`);
  const current = new Provider(issuer, {
    clients: [{
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: [redirectUrl],
      response_types: ['code'],
      grant_types: ['authorization_code'],
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: state.alg,
    }],
    jwks: { keys: [signingKey] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['only-for-tests'] },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ ...state.account, sub: id }) }),
    loadExistingGrant: async (ctx) => {
      const grant = new current.Grant({
        clientId: ctx.oidc.client.clientId,
        accountId: ctx.oidc.session.accountId,
      });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  });
  current.use(async (ctx, next) => {
    await next();
    if (ctx.oidc?.route === 'token' && ctx.body?.id_token) {
      const token = ctx.body.id_token;
      ctx.body.id_token = await forge(state.tamper, token);
      if (state.tamper !== 'replayed') state.lastToken = token;
    }
  });
  provider = current;
}

async function control(request, response) {
  if (request.method === 'POST') {
    let text = '';
    for await (const piece of request) text += piece;
    const { rotate, ...change } = JSON.parse(text);
    const otherAlg = change.alg && change.alg !== state.alg;
    Object.assign(state, change);
    if (rotate || otherAlg) await restart();
  }
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(state.asked));
}

const server = createServer(async (request, response) => {
  try {
    if (request.url === '/control') return await control(request, response);
    if (request.url === '/jwks') state.asked.keys += 1;
    if (request.url.startsWith('/.well-known/')) state.asked.discovery += 1;
    if (request.url.startsWith('/interaction/')) {
      return await provider.interactionFinished(
        request, response, { login: { accountId: state.account.sub } },
        { mergeWithLastSubmission: false });
    }
    return await provider.callback()(request, response);
  } catch (error) {
    console.error(error);
    response.statusCode = 500;
    return response.end(String(error));
  }
});
server.listen(0, '127.0.0.1', async () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  await restart();
  console.log(`listening at ${issuer}`);
});
