#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/call.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "core/id_token.hpp"
#include "ports/http_transport.hpp"

namespace hatchery::api::sign_in {

struct OpenIdOptions {
    /// Without a slash at its end: where the discovery document is, and who must have signed.
    std::string issuer_url;
    std::string client_id;
    base::Secret client_secret;
    /// Where the issuer sends browsers back to.
    std::string redirect_url;
    /// The keys are asked for again at most this often when a token names one that is not among
    /// them: tokens with made-up key names must not make us hammer the issuer.
    std::chrono::seconds key_refresh_pause{30};
};

/// What goes along to the issuer.
struct AuthorizationRequest {
    std::string state;
    std::string nonce;
    /// The PKCE verifier, of which the issuer gets the SHA-256 (RFC 7636).
    std::string verifier;
};

/// What comes back, with what only the browser that began can know.
struct CodeExchange {
    std::string code;
    std::string verifier;
    std::string nonce;
};

/// A relying party of one OpenID issuer by the authorization code flow (OpenID Connect Core 1.0,
/// 3.1). Its discovery document and keys are kept for as long as the issuer says, five minutes to a
/// day. Blocking; thread-safe.
class OpenIdClient {
public:
    virtual ~OpenIdClient() = default;
    /// Where to send the browser. Errors: those of HttpTransport, `bad_response`.
    [[nodiscard]] virtual base::Result<std::string> authorization_url(
        const AuthorizationRequest& request, const base::Call& call) = 0;
    /// Who signed in. `unauthorized` when the issuer does not take the code, or its ID token does
    /// not stand the checks; other errors as above.
    [[nodiscard]] virtual base::Result<core::Identity> redeem(const CodeExchange& exchange,
                                                              const base::Call& call) = 0;
    /// As it must be in the answer's `iss` (RFC 9207), when there is one.
    [[nodiscard]] virtual const std::string& issuer() const = 0;
};

[[nodiscard]] std::unique_ptr<OpenIdClient> make_open_id_client(OpenIdOptions options,
                                                                ports::HttpTransport& http,
                                                                base::Clock& clock);

}  // namespace hatchery::api::sign_in
