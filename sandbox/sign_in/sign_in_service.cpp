#include "sandbox/sign_in/sign_in_service.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>

#include "base/encoding.hpp"
#include "base/json_value.hpp"
#include "base/random.hpp"
#include "sandbox/sign_in/id_token_signer.hpp"
#include "sandbox/web/web_server.hpp"

namespace hatchery::sandbox {

using namespace sign_in;

namespace {

constexpr std::size_t most_codes = 1000;
constexpr auto usual_person = "demo@example.com";
constexpr int token_life_s = 600;

/// What a client asked for, as it comes in the query and goes through the page.
struct Wish {
    std::string client_id;
    std::string redirect_uri;
    std::string state;
    std::string nonce;
    std::string challenge;
};

/// A sign-in that waits for its client to fetch it.
struct Granted {
    Wish wish;
    std::string email;
};

using Fields = std::multimap<std::string, std::string>;

std::string field(const Fields& fields, const std::string& name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
}

Wish wish_of(const Fields& fields) {
    return {.client_id = field(fields, "client_id"),
            .redirect_uri = field(fields, "redirect_uri"),
            .state = field(fields, "state"),
            .nonce = field(fields, "nonce"),
            .challenge = field(fields, "code_challenge")};
}

std::string html_text(const std::string& text) {
    std::string safe;
    for (const char c : text) {
        switch (c) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            default:
                safe += c;
        }
    }
    return safe;
}

std::string page(const Wish& wish) {
    const auto hidden = [](const char* name, const std::string& value) {
        return "<input type=\"hidden\" name=\"" + std::string(name) + "\" value=\"" +
               html_text(value) + "\">";
    };
    return R"(<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sandbox sign-in</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh; margin: 0 16px; }
form { max-width: 22rem; width: 100%; }
input[type=email], button { font: inherit; width: 100%; box-sizing: border-box; padding: 10px 12px; border-radius: 8px; }
input[type=email] { border: 1px solid #8a948e; margin: 4px 0 12px; }
button { border: 0; background: #1c6b52; color: #fff; font-weight: 600; cursor: pointer; }
small { opacity: .8; }
</style>
<main><form method="post" action="/authorize">
<h1>Sandbox sign-in</h1>
<p>This stands in for Google on your own machine and believes whoever you say you are.</p>
<label for="email">E-mail address</label>
<input type="email" id="email" name="email" required value=")" +
           std::string(usual_person) + R"(">
)" + hidden("client_id", wish.client_id) +
           hidden("redirect_uri", wish.redirect_uri) + hidden("state", wish.state) +
           hidden("nonce", wish.nonce) + hidden("code_challenge", wish.challenge) + R"(
<button autofocus>Continue</button>
<p><small>Another address is another person: try what a neighbour may see.</small></p>
</form></main></html>
)";
}

WebResponse json_response(const base::Json& body, int status = 200) {
    WebResponse response;
    response.status = status;
    response.body = base::dump_json(body);
    return response;
}

WebResponse sentence(int status, const std::string& text) {
    WebResponse response;
    response.status = status;
    response.content_type = "text/plain; charset=utf-8";
    response.body = text + "\n";
    return response;
}

std::string percent_encoded(const std::string& text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~';
        if (plain) {
            encoded += c;
        } else {
            encoded += '%';
            encoded += digits[byte >> 4U];
            encoded += digits[byte & 15U];
        }
    }
    return encoded;
}

}  // namespace

class SignInService::Impl final : public Work {
public:
    Impl() : server_({}, [this](const WebRequest& request) { return handle(request); }) {}

    bool start(const std::string& host, int port, std::string& error) override {
        return server_.start(host, port, error);
    }
    void stop() override { server_.stop(); }
    [[nodiscard]] int port() const override { return server_.port(); }
    [[nodiscard]] std::string base_url() const override { return server_.origin(); }

private:
    WebResponse handle(const WebRequest& request) {
        const bool get = request.method == "GET" || request.method == "HEAD";
        const bool post = request.method == "POST";
        if (get && request.path == "/.well-known/openid-configuration") return discovery();
        if (get && request.path == "/keys") return json_response(signer_.key_set());
        if (get && request.path == "/authorize") return ask(request.query);
        if (post && request.path == "/authorize") return grant(parse_form(request.body));
        if (post && request.path == "/token") return redeem(request);
        return sentence(404, "There is nothing at this path.");
    }

    [[nodiscard]] WebResponse discovery() const {
        const std::string origin = server_.origin();
        const auto one = [](const char* word) { return base::Json::array({word}); };
        return json_response({{"issuer", origin},
                              {"authorization_endpoint", origin + "/authorize"},
                              {"token_endpoint", origin + "/token"},
                              {"jwks_uri", origin + "/keys"},
                              {"response_types_supported", one("code")},
                              {"subject_types_supported", one("public")},
                              {"code_challenge_methods_supported", one("S256")},
                              {"id_token_signing_alg_values_supported", one("RS256")},
                              {"token_endpoint_auth_methods_supported",
                               base::Json::array({"client_secret_basic", "client_secret_post"})}});
    }

    static WebResponse ask(const Fields& query) {
        const Wish wish = wish_of(query);
        const bool whole = !wish.client_id.empty() && !wish.challenge.empty() &&
                           wish.redirect_uri.starts_with("http") &&
                           field(query, "code_challenge_method") == "S256" &&
                           field(query, "response_type") == "code";
        if (!whole) {
            return sentence(400,
                            "This is for clients of OpenID Connect: response_type=code, client_id, "
                            "redirect_uri, and PKCE with S256.");
        }
        WebResponse response;
        response.content_type = "text/html; charset=utf-8";
        response.headers = {{"Cache-Control", "no-store"}};
        response.body = page(wish);
        return response;
    }

    WebResponse grant(const Fields& form) {
        Granted granted{.wish = wish_of(form), .email = field(form, "email")};
        if (!granted.wish.redirect_uri.starts_with("http") || granted.email.empty()) {
            return sentence(400, "Open the page again from the program that wants you to sign in.");
        }
        const std::string code = base::random_token(random_, 32);
        const std::string& to = granted.wish.redirect_uri;
        WebResponse response;
        response.status = 303;
        response.headers = {{"Location", to + (to.find('?') == std::string::npos ? "?" : "&") +
                                             "code=" + code +
                                             "&state=" + percent_encoded(granted.wish.state)}};
        const std::lock_guard lock(mutex_);
        if (codes_.size() >= most_codes) codes_.clear();
        codes_.emplace(code, std::move(granted));
        return response;
    }

    std::optional<Granted> take(const std::string& code) {
        const std::lock_guard lock(mutex_);
        const auto found = codes_.find(code);
        if (found == codes_.end()) return std::nullopt;
        Granted granted = std::move(found->second);
        codes_.erase(found);
        return granted;
    }

    WebResponse redeem(const WebRequest& request) {
        const Fields form = parse_form(request.body);
        const auto granted = take(field(form, "code"));
        const bool fits = granted && field(form, "redirect_uri") == granted->wish.redirect_uri &&
                          s256(field(form, "code_verifier")) == granted->wish.challenge;
        if (!fits) return json_response({{"error", "invalid_grant"}}, 400);
        const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                             std::chrono::system_clock::now().time_since_epoch())
                             .count();
        const std::string& email = granted->email;
        const std::string token = signer_.sign({{"iss", server_.origin()},
                                                {"aud", granted->wish.client_id},
                                                {"sub", "sandbox:" + email},
                                                {"email", email},
                                                {"email_verified", true},
                                                {"name", email.substr(0, email.find('@'))},
                                                {"nonce", granted->wish.nonce},
                                                {"iat", now},
                                                {"exp", now + token_life_s}});
        return json_response({{"access_token", base::random_token(random_, 32)},
                              {"token_type", "Bearer"},
                              {"expires_in", token_life_s},
                              {"id_token", token}});
    }

    IdTokenSigner signer_;
    base::SystemRandom random_;
    std::mutex mutex_;
    std::map<std::string, Granted> codes_;
    /// Last: its threads use all of the above.
    WebServer server_;
};

SignInService::SignInService() : WebService(std::make_unique<Impl>()) {}

}  // namespace hatchery::sandbox
