#include "open_id_provider.hpp"

#include <fmt/format.h>
#include <httplib.h>
#include <unistd.h>

#include <stdexcept>

#include "../../unit/api/raw_client.hpp"
#include "api/front/request_head.hpp"
#include "base/json_value.hpp"

namespace hatchery::testing {

using namespace std::chrono_literals;

OpenIdProvider::OpenIdProvider() {
    const std::string folder = std::string(HATCHERY_BINARY_DIR) + "/open_id";
    support::ChildProcess installer(
        {.command = {HATCHERY_SOURCE_DIR "/tools/install-npm",
                     HATCHERY_SOURCE_DIR "/tests/support/open_id", folder},
         .log_path = "/dev/stderr"});
    if (installer.wait(240s) != 0) throw std::runtime_error("npm could not install the provider");
    process_ = std::make_unique<support::ChildProcess>(support::ChildOptions{
        .command = {"node", folder + "/provider.mjs"},
        .environment = {{"CLIENT_ID", test_client_id},
                        {"CLIENT_SECRET", test_client_secret},
                        {"REDIRECT_URL", std::string(public_url) + "/api/auth/callback/google"}},
        .log_path = fmt::format("{}/provider-{}.log", folder, getpid()),
        .capture_output = true});
    constexpr std::string_view listening = "listening at ";
    while (const auto line = process_->read_line(60s)) {
        if (!line->starts_with(listening)) continue;
        issuer_ = line->substr(listening.size());
        return;
    }
    throw std::runtime_error("the provider does not listen");
}

void OpenIdProvider::control(const base::Json& change) {
    httplib::Client client(issuer_);
    const auto done = client.Post("/control", base::dump_json(change), "application/json");
    if (!done || done->status != 200) throw std::runtime_error("the provider refuses");
}

long long OpenIdProvider::key_requests() {
    httplib::Client client(issuer_);
    const auto told = client.Get("/control");
    if (!told) throw std::runtime_error("the provider does not answer");
    return base::json_int(base::parse_json(told->body).value(), "keys");
}

// Not by httplib's client: it decodes the values of headers, and a Location is no longer one then.
CookieJar::Page CookieJar::get(const std::string& url) {
    const auto path_at = url.find('/', url.find("://") + 3);
    const std::string site = url.substr(0, path_at);
    const bool is_api = site == public_url;
    auto& cookies = is_api ? ours : theirs_;
    const auto port = is_api ? api_port_ : std::stoi(site.substr(site.rfind(':') + 1));
    std::string request =
        "GET " + url.substr(path_at) +
        " HTTP/1.1\r\nConnection: close\r\nHost: " + site.substr(site.find("://") + 3) + "\r\n";
    std::string pairs;
    for (const auto& [name, value] : cookies) {
        pairs += (pairs.empty() ? "" : "; ") + name + "=" + value;
    }
    if (!pairs.empty()) request += "Cookie: " + pairs + "\r\n";
    RawClient client(static_cast<std::uint16_t>(port));
    client.send(request + "\r\n");
    const std::string answer = client.read_all(30s);
    Page page{
        .status = status_of(answer), .url = url, .body = answer, .location = {}, .set_cookies = {}};
    std::size_t at = answer.find("\r\n") + 2;
    for (auto end = answer.find("\r\n", at); end != at && end != std::string::npos;
         at = end + 2, end = answer.find("\r\n", at)) {
        const std::string line = answer.substr(at, end - at);
        const auto colon = line.find(": ");
        if (api::front::same_token(line.substr(0, colon), "Location")) {
            page.location = line.substr(colon + 2);
        }
        if (api::front::same_token(line.substr(0, colon), "Set-Cookie")) {
            page.set_cookies.push_back(line.substr(colon + 2));
        }
    }
    for (const auto& text : page.set_cookies) {
        const auto equals = text.find('=');
        const std::string name = text.substr(0, equals);
        const std::string value = text.substr(equals + 1, text.find(';') - equals - 1);
        if (value.empty()) {
            cookies.erase(name);
        } else {
            cookies[name] = value;
        }
    }
    if (page.location.starts_with('/')) page.location = site + page.location;
    return page;
}

CookieJar::Page CookieJar::follow(const std::string& url, const std::string& stop_at) {
    Page page = get(url);
    for (int hops = 0; !page.location.empty() && !page.location.starts_with(stop_at); ++hops) {
        if (hops == 10) throw std::runtime_error("too many redirects");
        page = get(page.location);
    }
    return page;
}

}  // namespace hatchery::testing
