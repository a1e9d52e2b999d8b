#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "sandbox/telegram/webhook_transport.hpp"

namespace hatchery::sandbox::telegram {
namespace {

constexpr std::size_t max_answer_bytes = 1U << 20U;
constexpr long connect_timeout_ms = 10'000;

/// One running call. curl keeps pointers into it, so it stays where it is.
struct Exchange {
    WebhookRequest request;
    WebhookTransport::Done done;
    WebhookAnswer answer;
    CURL* handle = nullptr;
    curl_slist* headers = nullptr;
    curl_slist* connect_to = nullptr;

    Exchange() = default;
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange() {
        if (handle != nullptr) curl_easy_cleanup(handle);
        curl_slist_free_all(headers);
        curl_slist_free_all(connect_to);
    }
};

extern "C" std::size_t take_webhook_body(char* data, std::size_t, std::size_t size, void* target) {
    auto& body = static_cast<Exchange*>(target)->answer.body;
    const std::size_t room = max_answer_bytes - std::min(max_answer_bytes, body.size());
    body.append(data, std::min(room, size));
    return size;
}

extern "C" std::size_t take_webhook_header(char* data, std::size_t, std::size_t size,
                                           void* target) {
    const std::string_view line(data, size);
    if (line.starts_with("HTTP/")) {
        const std::size_t status_at = line.find(' ');
        const std::size_t reason_at =
            status_at == std::string_view::npos ? status_at : line.find(' ', status_at + 1);
        std::string reason;
        if (reason_at != std::string_view::npos) reason = std::string(line.substr(reason_at + 1));
        while (!reason.empty() && (reason.back() == '\r' || reason.back() == '\n')) {
            reason.pop_back();
        }
        static_cast<Exchange*>(target)->answer.reason = std::move(reason);
    }
    return size;
}

std::string problem_text(CURLcode code) {
    switch (code) {
        case CURLE_COULDNT_CONNECT:
            return "Connection refused";
        case CURLE_OPERATION_TIMEDOUT:
            return "Read timeout expired";
        case CURLE_COULDNT_RESOLVE_HOST:
            return "Failed to resolve host: Name or service not known";
        case CURLE_PEER_FAILED_VERIFICATION:
            return "SSL error {certificate verify failed}";
        case CURLE_GOT_NOTHING:
        case CURLE_RECV_ERROR:
            return "Connection closed";
        default:
            return curl_easy_strerror(code);
    }
}

class CurlWebhookTransport final : public WebhookTransport {
public:
    explicit CurlWebhookTransport(std::chrono::milliseconds timeout) : timeout_(timeout) {
        static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
        static_cast<void>(initialised);
        multi_ = curl_multi_init();
        thread_ = std::thread([this] { run(); });
    }

    ~CurlWebhookTransport() override {
        stop();
        curl_multi_cleanup(multi_);
    }

    void send(WebhookRequest request, Done done) override {
        auto exchange = std::make_unique<Exchange>();
        exchange->request = std::move(request);
        exchange->done = std::move(done);
        {
            const std::scoped_lock lock(mutex_);
            waiting_.push_back(std::move(exchange));
        }
        curl_multi_wakeup(multi_);
    }

    void stop() override {
        if (!thread_.joinable()) return;
        stopping_ = true;
        curl_multi_wakeup(multi_);
        thread_.join();
    }

private:
    void run() {
        while (!stopping_) {
            start_waiting();
            int running = 0;
            curl_multi_perform(multi_, &running);
            finish_done();
            curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
        }
        for (const auto& [handle, exchange] : running_) curl_multi_remove_handle(multi_, handle);
        running_.clear();
    }

    void start_waiting() {
        std::vector<std::unique_ptr<Exchange>> fresh;
        {
            const std::scoped_lock lock(mutex_);
            fresh.swap(waiting_);
        }
        for (auto& exchange : fresh) {
            set_up(*exchange);
            curl_multi_add_handle(multi_, exchange->handle);
            running_.emplace(exchange->handle, std::move(exchange));
        }
    }

    void set_up(Exchange& exchange) const {
        const WebhookRequest& request = exchange.request;
        CURL* handle = curl_easy_init();
        exchange.handle = handle;
        exchange.headers = curl_slist_append(nullptr, "Content-Type: application/json");
        exchange.headers = curl_slist_append(exchange.headers, "Expect:");
        if (!request.secret_token.empty()) {
            const std::string header = "X-Telegram-Bot-Api-Secret-Token: " + request.secret_token;
            exchange.headers = curl_slist_append(exchange.headers, header.c_str());
        }
        curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
        curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
        curl_easy_setopt(handle, CURLOPT_PROXY, "");
        curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
        curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
        curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_.count()));
        curl_easy_setopt(handle, CURLOPT_HTTPHEADER, exchange.headers);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
        curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_webhook_body);
        curl_easy_setopt(handle, CURLOPT_WRITEDATA, &exchange);
        curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_webhook_header);
        curl_easy_setopt(handle, CURLOPT_HEADERDATA, &exchange);
        if (!request.ip_address.empty()) {
            exchange.connect_to =
                curl_slist_append(nullptr, ("::" + request.ip_address + ":").c_str());
            curl_easy_setopt(handle, CURLOPT_CONNECT_TO, exchange.connect_to);
        }
        if (!request.certificate_pem.empty()) {
            // curl takes the blob by a pointer that is not const, and copies it.
            std::string pem = request.certificate_pem;
            const curl_blob blob{.data = pem.data(), .len = pem.size(), .flags = CURL_BLOB_COPY};
            curl_easy_setopt(handle, CURLOPT_CAINFO_BLOB, &blob);
        }
    }

    void finish_done() {
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            CURL* handle = message->easy_handle;
            const CURLcode code = message->data.result;
            curl_multi_remove_handle(multi_, handle);
            const auto node = running_.extract(handle);
            Exchange& exchange = *node.mapped();
            if (code == CURLE_OK) {
                long status = 0;
                curl_off_t retry_after_s = 0;
                curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
                curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &retry_after_s);
                exchange.answer.status = static_cast<int>(status);
                if (retry_after_s > 0) {
                    exchange.answer.retry_after = std::chrono::seconds(retry_after_s);
                }
            } else {
                exchange.answer.problem = problem_text(code);
            }
            exchange.done(exchange.answer);
        }
    }

    std::chrono::milliseconds timeout_;
    CURLM* multi_ = nullptr;
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::vector<std::unique_ptr<Exchange>> waiting_;      // guarded by mutex_
    std::map<CURL*, std::unique_ptr<Exchange>> running_;  // only the thread's
    std::thread thread_;
};

}  // namespace

std::unique_ptr<WebhookTransport> make_curl_webhook_transport(std::chrono::milliseconds timeout) {
    return std::make_unique<CurlWebhookTransport>(timeout);
}

}  // namespace hatchery::sandbox::telegram
