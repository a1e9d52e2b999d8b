#include "api/sign_in/open_id_client.hpp"

#include <algorithm>
#include <charconv>
#include <mutex>
#include <optional>

#include "base/encoding.hpp"
#include "base/json_value.hpp"
#include "base/log.hpp"
#include "crypto/digest.hpp"
#include "crypto/signed_token.hpp"

namespace hatchery::api::sign_in {

namespace {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

constexpr std::chrono::seconds shortest_keep{5 * 60};
constexpr std::chrono::seconds usual_keep{3'600};
constexpr std::chrono::seconds longest_keep{86'400};
constexpr std::size_t longest_answer = 256U << 10U;

/// For a query or a form (WHATWG URL, 5.2, with %20 for a blank).
std::string form_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            encoded += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded += '%';
        encoded += digits[byte >> 4U];
        encoded += digits[byte & 15U];
    }
    return encoded;
}

std::string form_of(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
    std::string form;
    for (const auto& [name, value] : fields) {
        form += (form.empty() ? "" : "&") + std::string(name) + "=" + form_encoded(value);
    }
    return form;
}

/// How long an answer may be kept.
std::chrono::seconds keep_of(const ports::HttpResponse& response) {
    const auto header = response.headers.find("cache-control");
    if (header == response.headers.end()) return usual_keep;
    const auto at = header->second.find("max-age=");
    if (at == std::string::npos) return usual_keep;
    long long seconds = 0;
    const char* begin = header->second.data() + at + 8;
    (void)std::from_chars(begin, header->second.data() + header->second.size(), seconds);
    return std::clamp(std::chrono::seconds(std::clamp(seconds, 0LL, 86'400LL)), shortest_keep,
                      longest_keep);
}

/// What we need of the discovery document.
struct Endpoints {
    /// As it calls itself: with a slash at its end or without, whatever the configuration says.
    std::string issuer;
    std::string authorization;
    std::string token;
    std::string keys;
    bool secret_in_body = false;
};

class HttpOpenIdClient final : public OpenIdClient {
public:
    HttpOpenIdClient(OpenIdOptions options, ports::HttpTransport& http, base::Clock& clock)
        : options_(std::move(options)), http_(http), clock_(clock) {}

    const std::string& issuer() const override { return options_.issuer_url; }

    Result<std::string> authorization_url(const AuthorizationRequest& request,
                                          const base::Call& call) override {
        const auto endpoints = discover(call);
        if (!endpoints) return fail(endpoints.error());
        const std::string challenge = base::base64url_encode(
            base::hex_decode(crypto::sha256_hex(request.verifier)).value_or(""));
        const bool has_query = endpoints->authorization.find('?') != std::string::npos;
        return endpoints->authorization + (has_query ? "&" : "?") +
               form_of({{"response_type", "code"},
                        {"client_id", options_.client_id},
                        {"redirect_uri", options_.redirect_url},
                        {"scope", "openid email profile"},
                        {"state", request.state},
                        {"nonce", request.nonce},
                        {"code_challenge", challenge},
                        {"code_challenge_method", "S256"}});
    }

    Result<core::Identity> redeem(const CodeExchange& exchange, const base::Call& call) override {
        const auto endpoints = discover(call);
        if (!endpoints) return fail(endpoints.error());
        const auto token = id_token(*endpoints, exchange, call);
        if (!token) return fail(token.error());
        const auto payload = open(*endpoints, *token, call);
        if (!payload) return fail(payload.error());
        const auto claims = base::parse_json(*payload, longest_answer, 16);
        if (!claims) return fail(ErrorKind::unauthorized, "The ID token is malformed.");
        return core::check_id_token(*claims, {.issuer = endpoints->issuer,
                                              .client_id = options_.client_id,
                                              .nonce = exchange.nonce,
                                              .now = clock_.now()});
    }

private:
    template <typename T>
    struct Kept {
        T value;
        base::TimePoint fetched_at;
        base::TimePoint until;
    };

    static base::Error bad(std::string what) {
        return {.kind = ErrorKind::bad_response,
                .message = "The sign-in provider " + std::move(what) + "."};
    }

    Result<ports::HttpResponse> get(const std::string& url, const base::Call& call) {
        ports::HttpRequest request;
        request.url = url;
        request.headers = {{"Accept", "application/json"}};
        request.max_response_bytes = longest_answer;
        auto response = http_.send(request, call);
        if (response && response->status != 200) {
            return fail(bad("answers " + std::to_string(response->status)));
        }
        return response;
    }

    /// An endpoint may be plain http only where the issuer itself is: on this machine. A browser is
    /// sent there by a header, which a line break would end.
    [[nodiscard]] bool may_call(const std::string& url) const {
        const bool one_word =
            std::ranges::all_of(url, [](char c) { return c > ' ' && c < '\x7f'; });
        if (!one_word) return false;
        return url.starts_with("https://") ||
               (options_.issuer_url.starts_with("http://") && url.starts_with("http://"));
    }

    Result<Endpoints> discover(const base::Call& call) {
        const std::unique_lock lock(mutex_, call.deadline);
        if (!lock) return fail(ErrorKind::timeout, "The sign-in provider did not answer in time.");
        const auto now = clock_.now();
        if (endpoints_ && now < endpoints_->until) return endpoints_->value;
        const auto response = get(options_.issuer_url + "/.well-known/openid-configuration", call);
        if (!response) return fail(response.error());
        const auto document = base::parse_json(response->body, longest_answer, 16);
        if (!document || !document->is_object())
            return fail(bad("has a malformed discovery document"));
        const std::string issuer = base::json_string(*document, "issuer");
        if (issuer != options_.issuer_url && issuer != options_.issuer_url + "/") {
            return fail(bad("calls itself by another name"));
        }
        Endpoints found{.issuer = issuer,
                        .authorization = base::json_string(*document, "authorization_endpoint"),
                        .token = base::json_string(*document, "token_endpoint"),
                        .keys = base::json_string(*document, "jwks_uri")};
        for (const auto* url : {&found.authorization, &found.token, &found.keys}) {
            if (!may_call(*url)) return fail(bad("names an endpoint that is no https URL"));
        }
        // Without the list a client shows its secret in the header (OpenID Connect Discovery, 3).
        const Json& methods = base::json_member(*document, "token_endpoint_auth_methods_supported");
        found.secret_in_body =
            methods.is_array() &&
            std::find(methods.begin(), methods.end(), Json("client_secret_basic")) == methods.end();
        endpoints_ = {.value = found, .fetched_at = now, .until = now + keep_of(*response)};
        return found;
    }

    Result<std::string> id_token(const Endpoints& endpoints, const CodeExchange& exchange,
                                 const base::Call& call) {
        ports::HttpRequest request;
        request.method = "POST";
        request.url = endpoints.token;
        request.headers = {{"Accept", "application/json"},
                           {"Content-Type", "application/x-www-form-urlencoded"}};
        request.max_response_bytes = longest_answer;
        request.body = form_of({{"grant_type", "authorization_code"},
                                {"code", exchange.code},
                                {"redirect_uri", options_.redirect_url},
                                {"code_verifier", exchange.verifier}});
        const auto& secret = options_.client_secret.reveal();
        if (endpoints.secret_in_body) {
            request.body +=
                "&" + form_of({{"client_id", options_.client_id}, {"client_secret", secret}});
        } else {
            // RFC 6749, 2.3.1: both parts are form-encoded first.
            request.secret_headers.emplace_back(
                "Authorization",
                base::Secret("Basic " + base::base64_encode(form_encoded(options_.client_id) + ":" +
                                                            form_encoded(secret))));
        }
        const auto response = http_.send(request, call);
        if (!response) return fail(response.error());
        const auto answer = base::parse_json(response->body, longest_answer, 16);
        if (response->status == 400 || response->status == 401) {
            // `invalid_client` is the operator's to mend, and says so in the log alone.
            base::log_event(base::LogLevel::warning, "sign_in_code_refused",
                            {{"status", response->status},
                             {"error", answer ? base::json_string(*answer, "error") : ""}});
            return fail(ErrorKind::unauthorized, "The sign-in provider does not take this sign-in.",
                        "Sign in again.");
        }
        if (response->status != 200 || !answer) {
            return fail(bad("answers " + std::to_string(response->status)));
        }
        std::string token = base::json_string(*answer, "id_token");
        if (token.empty()) return fail(bad("sent no ID token"));
        return token;
    }

    Result<std::string> open(const Endpoints& endpoints, const std::string& token,
                             const base::Call& call) {
        const std::unique_lock lock(mutex_, call.deadline);
        if (!lock) return fail(ErrorKind::timeout, "The sign-in provider did not answer in time.");
        const auto now = clock_.now();
        if (!keys_ || now >= keys_->until) {
            if (const auto fetched = fetch_keys(endpoints, call); !fetched) {
                return fail(fetched.error());
            }
        }
        auto payload = keys_->value->open(token);
        const bool unknown = !payload && payload.error().kind == ErrorKind::not_found;
        if (unknown && now - keys_->fetched_at >= options_.key_refresh_pause) {
            if (const auto fetched = fetch_keys(endpoints, call); !fetched) {
                return fail(fetched.error());
            }
            payload = keys_->value->open(token);
        }
        if (payload) return payload;
        return fail(ErrorKind::unauthorized, payload.error().message, "Sign in again.");
    }

    /// Under the lock.
    Result<void> fetch_keys(const Endpoints& endpoints, const base::Call& call) {
        const auto response = get(endpoints.keys, call);
        if (!response) return fail(response.error());
        auto keys = crypto::make_signing_keys(response->body);
        if (!keys) return fail(keys.error());
        const auto now = clock_.now();
        keys_ = {.value = std::shared_ptr<crypto::SigningKeys>(std::move(*keys)),
                 .fetched_at = now,
                 .until = now + keep_of(*response)};
        return {};
    }

    const OpenIdOptions options_;
    ports::HttpTransport& http_;
    base::Clock& clock_;
    /// Held while the issuer is asked, so that many callers ask once.
    std::timed_mutex mutex_;
    std::optional<Kept<Endpoints>> endpoints_;
    std::optional<Kept<std::shared_ptr<crypto::SigningKeys>>> keys_;
};

}  // namespace

std::unique_ptr<OpenIdClient> make_open_id_client(OpenIdOptions options, ports::HttpTransport& http,
                                                  base::Clock& clock) {
    return std::make_unique<HttpOpenIdClient>(std::move(options), http, clock);
}

}  // namespace hatchery::api::sign_in
