#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace hatchery::sandbox::telegram {

/// One call of a bot's webhook.
struct WebhookRequest {
    std::string url;
    std::string secret_token;     ///< Empty: the header is not sent.
    std::string body;             ///< The update as JSON.
    std::string certificate_pem;  ///< Trusted instead of the machine's authorities when set.
    std::string ip_address;       ///< Connected to instead of what the name resolves to when set.
};

struct WebhookAnswer {
    int status = 0;  ///< 0: there was no answer, `problem` says why.
    std::string problem;
    std::string reason;  ///< The words behind the status.
    std::string body;
    std::optional<std::chrono::seconds> retry_after;
};

/// Calls webhooks. Tests answer by hand.
class WebhookTransport {
public:
    using Done = std::function<void(const WebhookAnswer&)>;

    virtual ~WebhookTransport() = default;
    /// Returns at once; `done` is called later on another thread, or never after stop().
    virtual void send(WebhookRequest request, Done done) = 0;
    /// Ends running calls and joins the threads.
    virtual void stop() = 0;
};

/// Over libcurl: TLS is verified, redirects are not followed, proxies are not used.
[[nodiscard]] std::unique_ptr<WebhookTransport> make_curl_webhook_transport(
    std::chrono::milliseconds timeout);

}  // namespace hatchery::sandbox::telegram
