#include "sandbox/telegram/telegram_service.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "base/log.hpp"
#include "sandbox/telegram/bot_world.hpp"
#include "sandbox/telegram/methods.hpp"
#include "sandbox/telegram/sandbox_routes.hpp"
#include "sandbox/telegram/webhook_delivery.hpp"
#include "sandbox/web/web_assets.hpp"
#include "sandbox/web/web_server.hpp"

namespace hatchery::sandbox {

using namespace telegram;

namespace {

struct Page {
    std::string_view path;
    std::string_view file;
    const char* content_type;
};

constexpr std::array<Page, 4> pages{{
    {"/", "index.html", "text/html; charset=utf-8"},
    {"/chat", "index.html", "text/html; charset=utf-8"},
    {"/chat.css", "chat.css", "text/css; charset=utf-8"},
    {"/chat.js", "chat.js", "text/javascript; charset=utf-8"},
}};

WebResponse plain_reply(const MethodReply& reply) {
    WebResponse response;
    response.status = reply.status;
    response.drop_connection = reply.drop_connection;
    response.body = base::dump_json(reply.to_json());
    if (reply.retry_after_s > 0) {
        response.headers.emplace_back("Retry-After", std::to_string(reply.retry_after_s));
    }
    return response;
}

WebResponse page_response(const Page& page) {
    WebResponse response;
    response.content_type = page.content_type;
    response.headers = {
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
         "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cache-Control", "no-cache"}};
    for (const auto& file : embedded::sandbox_web()) {
        if (file.name == page.file) response.body = std::string(file.content);
    }
    return response;
}

/// "/bot<token>/<rest>" or "/file/bot<token>/<rest>" taken apart; no rest when there is none.
std::pair<std::string, std::string> split_bot_path(std::string_view path, std::size_t prefix) {
    path.remove_prefix(prefix);
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) return {std::string(path), {}};
    std::string_view rest = path.substr(slash + 1);
    while (rest.ends_with('/')) rest.remove_suffix(1);
    return {std::string(path.substr(0, slash)), std::string(rest)};
}

}  // namespace

class TelegramService::Impl final : public Work {
public:
    explicit Impl(TelegramServiceOptions options)
        : options_(with_clock(std::move(options))),
          world_(options_.clock),
          delivery_(world_, options_.clock, make_curl_webhook_transport(options_.webhook_timeout)),
          routes_(world_),
          server_({.max_connections = static_cast<std::size_t>(options_.max_connections)},
                  [this](const WebRequest& request) { return handle(request); }) {}

    ~Impl() override { stop(); }

    bool start(const std::string& host, int port, std::string& error) override {
        if (!server_.start(host, port, error)) return false;
        delivery_.start();
        return true;
    }

    void stop() override {
        world_.stop();
        server_.stop();
        delivery_.stop();
    }

    [[nodiscard]] int port() const override { return server_.port(); }
    [[nodiscard]] std::string base_url() const override { return server_.origin(); }

private:
    static TelegramServiceOptions with_clock(TelegramServiceOptions options) {
        if (!options.clock) options.clock = SandboxClock::system();
        return options;
    }

    WebResponse handle(const WebRequest& request) {
        const std::string& path = request.path;
        if (path.starts_with("/bot")) return bot_call(request);
        if (path.starts_with("/file/bot")) return file_download(request);
        if (path.starts_with("/sandbox/")) return routes_.handle(request);
        for (const auto& page : pages) {
            if (page.path == path && request.method == "GET") return page_response(page);
        }
        return plain_reply(reply_error(404));
    }

    WebResponse bot_call(const WebRequest& request) {
        if (request.method != "GET" && request.method != "POST") {
            return plain_reply(reply_error(405, "method not allowed"));
        }
        auto [token, method] = split_bot_path(request.path, 4);
        MethodCall call{.method = std::move(method)};
        if (const auto refused = read_call(request, call)) return plain_reply(*refused);
        const auto begun = std::chrono::steady_clock::now();
        const MethodReply reply = world_.call(token, call);
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                            std::chrono::steady_clock::now() - begun)
                            .count();
        const auto parsed = parse_bot_token(token);
        base::log_event(base::LogLevel::debug, "telegram_call",
                        {{"bot", parsed ? std::to_string(parsed->bot_id) : "malformed"},
                         {"method", canonical_method(call.method)},
                         {"status", reply.drop_connection ? 0 : reply.status},
                         {"ms", static_cast<long long>(ms)}});
        return plain_reply(reply);
    }

    WebResponse file_download(const WebRequest& request) {
        const auto [token, file_path] = split_bot_path(request.path, 9);
        constexpr std::string_view folder = "files/";
        if (!file_path.starts_with(folder)) return plain_reply(reply_error(404));
        auto content = world_.file(token, file_path.substr(folder.size()));
        if (!content) return plain_reply(reply_error(404));
        WebResponse response;
        response.content_type = "application/octet-stream";
        response.body = std::move(*content);
        return response;
    }

    TelegramServiceOptions options_;
    BotWorld world_;
    WebhookDelivery delivery_;
    SandboxRoutes routes_;
    WebServer server_;
};

TelegramService::TelegramService(TelegramServiceOptions options)
    : WebService(std::make_unique<Impl>(std::move(options))) {}

}  // namespace hatchery::sandbox
