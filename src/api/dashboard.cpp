#include "api/dashboard.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "api/accept_encoding.hpp"
#include "dashboard/dashboard_files.hpp"

namespace hatchery::api {

namespace {

using dashboard::WebFile;

constexpr std::string_view assets = "/assets/";

/// Scripts, styles and data from here and nowhere else, no inline script, no frame around us.
constexpr std::string_view page_policy =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'\r\n"
    "Referrer-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(), geolocation=(), microphone=(), payment=()\r\n"
    "X-Frame-Options: DENY\r\n";

/// The dashboard's own addresses: all of them show the one page, whose script reads the address.
bool is_page(std::string_view path) {
    constexpr auto whole =
        std::to_array<std::string_view>({"/", "/sign-in", "/new", "/admin", "/account"});
    constexpr auto below = std::to_array<std::string_view>({"/bots/", "/admin/"});
    const auto begins = [&](std::string_view folder) { return path.starts_with(folder); };
    return std::find(whole.begin(), whole.end(), path) != whole.end() ||
           std::any_of(below.begin(), below.end(), begins);
}

class Dashboard final : public front::RequestHandler {
public:
    Dashboard(front::RequestHandler& next, Metrics& metrics) : next_(next), metrics_(metrics) {}

    front::Reply handle(const front::Request& request, const std::stop_token& stop) override {
        const bool reads = request.method == "GET" || request.method == "HEAD";
        const std::string_view path =
            std::string_view(request.target).substr(0, request.target.find('?'));
        const WebFile* file = reads ? find(path) : nullptr;
        return file == nullptr ? next_.handle(request, stop) : send(*file, request);
    }

    void refused(int status) override { next_.refused(status); }

private:
    static const WebFile* find(std::string_view path) {
        const auto files = dashboard::web_files();
        const std::string_view wanted = is_page(path) ? "/" : path;
        const auto found = std::find_if(files.begin(), files.end(),
                                        [&](const WebFile& file) { return file.path == wanted; });
        return found == files.end() ? nullptr : &*found;
    }

    front::Reply send(const WebFile& file, const front::Request& request) {
        const std::string tag = "\"" + std::string(file.digest) + "\"";
        const bool unchanged = front::find_field(request.fields, "If-None-Match") == tag;
        const std::string_view codings = request.accepted_codings;
        const bool brotli = takes_coding(codings, "br");
        const bool gzip = !brotli && takes_coding(codings, "gzip");
        const std::string_view body = brotli ? file.brotli : gzip ? file.gzip : file.plain;
        const bool asset = file.path.starts_with(assets);

        std::string bytes = unchanged ? "HTTP/1.1 304 Not Modified\r\n" : "HTTP/1.1 200 OK\r\n";
        const auto add = [&](std::string_view name, std::string_view value) {
            bytes.append(name).append(": ").append(value).append("\r\n");
        };
        add("ETag", tag);
        // An asset's name changes with its content; the page is asked for anew each time.
        add("Cache-Control", asset ? "public, max-age=31536000, immutable" : "no-cache");
        add("Vary", "Accept-Encoding");
        add("X-Content-Type-Options", "nosniff");
        add("X-Request-Id", request.request_id);
        if (!request.keep_alive) add("Connection", "close");
        if (!unchanged) {
            add("Content-Type", file.type);
            if (brotli || gzip) add("Content-Encoding", brotli ? "br" : "gzip");
            add("Content-Length", std::to_string(body.size()));
            if (!asset) bytes += page_policy;
        }
        bytes += "\r\n";
        if (!unchanged && request.method == "GET") bytes += body;
        const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
            std::chrono::steady_clock::now() - request.received_at);
        metrics_.count(request.method, asset ? "dashboard asset" : "dashboard page",
                       unchanged ? 304 : 200, took);
        return {.bytes = std::move(bytes), .stream = {}, .park = {}};
    }

    front::RequestHandler& next_;
    Metrics& metrics_;
};

}  // namespace

std::unique_ptr<front::RequestHandler> make_dashboard(front::RequestHandler& next,
                                                      Metrics& metrics) {
    return std::make_unique<Dashboard>(next, metrics);
}

}  // namespace hatchery::api
