#include "net/curl_transport.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "base/wiped_free.hpp"
#include "net/curl_pool.hpp"
#include "net/request_text.hpp"

namespace hatchery::net {

namespace {

using base::Effect;
using base::ErrorKind;
using ports::HttpRequest;
using ports::HttpResponse;

constexpr std::size_t max_header_bytes = 256U << 10U;
constexpr long longest_poll_ms = 1'000;

/// libcurl must be set up once, before any thread uses it. It copies headers, URLs and bodies, and
/// with them tokens: what it frees is wiped.
void init_curl_once() {
    static const CURLcode result =
        curl_global_init_mem(CURL_GLOBAL_DEFAULT, std::malloc, base::wiped_free,
                             base::wiped_realloc, strdup, std::calloc);
    if (result != CURLE_OK) throw std::runtime_error("libcurl cannot be initialised");
}

/// The request's header lines in the form that libcurl wants. They hold secrets: wiped at the end.
class HeaderList {
public:
    HeaderList() = default;
    HeaderList(const HeaderList&) = delete;
    HeaderList& operator=(const HeaderList&) = delete;
    ~HeaderList() {
        for (curl_slist* line = lines_; line != nullptr; line = line->next) {
            explicit_bzero(line->data, std::strlen(line->data));
        }
        curl_slist_free_all(lines_);
    }

    void add(std::string_view name, std::string_view value) {
        // "Name;" is libcurl's spelling of a header with an empty value; "Name:" would remove it.
        std::string line =
            value.empty() ? fmt::format("{};", name) : fmt::format("{}: {}", name, value);
        append(line);
        explicit_bzero(line.data(), line.size());
    }
    /// Keeps libcurl from adding a header of its own.
    void suppress(std::string_view name) { append(fmt::format("{}:", name)); }

    [[nodiscard]] curl_slist* get() const { return lines_; }

private:
    void append(const std::string& line) {
        curl_slist* const longer = curl_slist_append(lines_, line.c_str());
        if (longer == nullptr) throw std::bad_alloc();
        lines_ = longer;
    }
    curl_slist* lines_ = nullptr;
};

/// What one call needs while libcurl runs: everything that its callbacks touch.
struct Exchange {
    explicit Exchange(const HttpRequest& sent) : request(sent), url(wire_url(sent)) {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange() { explicit_bzero(url.data(), url.size()); }

    const HttpRequest& request;
    HttpResponse response;
    HeaderList headers;
    std::string url;
    std::size_t body_sent = 0;
    std::size_t header_bytes = 0;
    bool too_long = false;
    std::array<char, CURL_ERROR_SIZE> error_text{};
};

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
    auto& exchange = *static_cast<Exchange*>(user);
    const std::size_t bytes = size * count;
    exchange.header_bytes += bytes;
    if (exchange.header_bytes > max_header_bytes) {
        exchange.too_long = true;
        return 0;
    }
    add_header_line(exchange.response, std::string_view(data, bytes));
    return bytes;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
    auto& exchange = *static_cast<Exchange*>(user);
    const std::size_t bytes = size * count;
    if (exchange.response.body.size() + bytes > exchange.request.max_response_bytes) {
        exchange.too_long = true;
        return 0;
    }
    exchange.response.body.append(data, bytes);
    return bytes;
}

std::size_t on_send(char* buffer, std::size_t size, std::size_t count, void* user) {
    auto& exchange = *static_cast<Exchange*>(user);
    const std::string& body = exchange.request.body;
    const std::size_t bytes = std::min(size * count, body.size() - exchange.body_sent);
    std::memcpy(buffer, body.data() + exchange.body_sent, bytes);
    exchange.body_sent += bytes;
    return bytes;
}

/// libcurl silently sends a request again when a kept-alive connection breaks before the answer.
/// It must rewind the body for that; refusing turns a second POST into an error.
int refuse_rewind(void* /*user*/, curl_off_t /*offset*/, int /*origin*/) {
    return CURL_SEEKFUNC_FAIL;
}

void set_method(CURL* easy, Exchange& exchange) {
    const HttpRequest& request = exchange.request;
    const auto body_bytes = static_cast<curl_off_t>(request.body.size());
    if (request.method == "POST") {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, body_bytes);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_send);
        curl_easy_setopt(easy, CURLOPT_READDATA, &exchange);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, refuse_rewind);
        // Without a body there is nothing to rewind: only a connection of its own is safe.
        if (body_bytes == 0) curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        return;
    }
    if (request.method == "HEAD") {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (body_bytes > 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, body_bytes);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void set_headers(CURL* easy, Exchange& exchange) {
    const HttpRequest& request = exchange.request;
    HeaderList& list = exchange.headers;
    for (const auto& [name, value] : request.headers) list.add(name, value);
    for (const auto& [name, value] : request.secret_headers) list.add(name, value.reveal());
    if (request.bearer) {
        std::string value = "Bearer " + request.bearer->reveal();
        list.add("Authorization", value);
        explicit_bzero(value.data(), value.size());
    }
    // A body waits for "100 Continue" otherwise, which small servers never send.
    list.suppress("Expect");
    // libcurl would call any body a form.
    const auto is_type = [](const auto& header) {
        return curl_strequal(header.first.c_str(), "content-type") != 0;
    };
    if (!request.body.empty() && std::ranges::none_of(request.headers, is_type)) {
        list.add("Content-Type", "application/json");
    } else if (request.body.empty()) {
        list.suppress("Content-Type");
    }
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list.get());
}

void set_limits(CURL* easy, const CurlOptions& options, const base::Call& call) {
    const long left_ms = static_cast<long>(std::max<long long>(call.left().count(), 1));
    const long connect_ms = std::min(left_ms, static_cast<long>(options.connect_timeout.count()));
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, left_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
    // A stop request must not wait for a name server: the look-up's thread ends by itself.
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
}

void set_connection(CURL* easy, const CurlOptions& options, const HttpRequest& request) {
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
    const bool by_socket = !request.unix_socket.empty();
    // The empty text keeps libcurl from reading the environment's proxy.
    curl_easy_setopt(easy, CURLOPT_PROXY, by_socket ? "" : options.proxy.c_str());
    if (by_socket) curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
    curl_easy_setopt(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
}

void prepare(CURL* easy, Exchange& exchange, const CurlOptions& options, const base::Call& call) {
    curl_easy_reset(easy);
    set_connection(easy, options, exchange.request);
    set_limits(easy, options, call);
    set_method(easy, exchange);
    set_headers(easy, exchange);
    curl_easy_setopt(easy, CURLOPT_URL, exchange.url.c_str());
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange.error_text.data());
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
}

/// The end of a transfer as libcurl or the caller brought it about.
struct Ending {
    CURLcode code = CURLE_OK;
    bool stopped = false;
};

/// Drives the transfer to its end, the deadline or a stop request. The handle is in no multi
/// afterwards.
Ending drive(const CurlLine& line, const base::Call& call) {
    CURLM* const multi = line.multi.get();
    CURL* const easy = line.easy.get();
    Ending ending;
    if (curl_multi_add_handle(multi, easy) != CURLM_OK) return {.code = CURLE_FAILED_INIT};
    // XFERINFO is asked about once a second only when the other side is silent; this wakes at once.
    const std::stop_callback wake(call.stop, [multi] { curl_multi_wakeup(multi); });
    for (;;) {
        int running = 0;
        if (curl_multi_perform(multi, &running) != CURLM_OK) {
            ending.code = CURLE_FAILED_INIT;
            break;
        }
        if (running == 0) {
            int queued = 0;
            const CURLMsg* const message = curl_multi_info_read(multi, &queued);
            ending.code = message != nullptr ? message->data.result : CURLE_FAILED_INIT;
            break;
        }
        if (call.stop.stop_requested()) {
            ending.stopped = true;
            break;
        }
        const auto left_ms = call.left().count();
        if (left_ms == 0) {
            ending.code = CURLE_OPERATION_TIMEDOUT;
            break;
        }
        const auto wait_ms = static_cast<int>(std::min<long long>(left_ms, longest_poll_ms));
        curl_multi_poll(multi, nullptr, 0, wait_ms, nullptr);
    }
    curl_multi_remove_handle(multi, easy);
    return ending;
}

ErrorKind kind_of(CURLcode code) {
    switch (code) {
        case CURLE_OPERATION_TIMEDOUT:
            return ErrorKind::timeout;
        case CURLE_URL_MALFORMAT:
            return ErrorKind::invalid;
        case CURLE_UNSUPPORTED_PROTOCOL:  // an answer that is not HTTP/1
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_HTTP2:
        case CURLE_BAD_CONTENT_ENCODING:
        case CURLE_WRITE_ERROR:
            return ErrorKind::bad_response;
        case CURLE_OUT_OF_MEMORY:
        case CURLE_FAILED_INIT:
            return ErrorKind::internal;
        default:
            return ErrorKind::unavailable;
    }
}

std::string next_action_of(CURLcode code) {
    switch (code) {
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
            return "Check the server's certificate and the installed certificate authorities.";
        case CURLE_COULDNT_RESOLVE_HOST:
            return "Check the host name and this machine's name servers.";
        default:
            return {};
    }
}

base::Error error_of(const Ending& ending, const Exchange& exchange, CURL* easy) {
    long bytes_sent = 0;
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &bytes_sent);
    base::Error error;
    error.effect = bytes_sent > 0 ? Effect::unknown : Effect::none;
    const std::string target = printable_target(exchange.request);
    if (ending.stopped) {
        error.kind = ErrorKind::cancelled;
        error.message = fmt::format("{} was cut off by a stop request", target);
    } else if (exchange.too_long) {
        error.kind = ErrorKind::bad_response;
        error.message = fmt::format("{} was answered by more than {} bytes", target,
                                    exchange.header_bytes > max_header_bytes
                                        ? max_header_bytes
                                        : exchange.request.max_response_bytes);
    } else {
        const std::string why = exchange.error_text[0] != '\0' ? exchange.error_text.data()
                                                               : curl_easy_strerror(ending.code);
        error.kind = kind_of(ending.code);
        error.message = fmt::format("{} failed: {}", target, why);
        error.next_action = next_action_of(ending.code);
        error.code = fmt::format("curl_{}", static_cast<int>(ending.code));
    }
    error.message = without_secrets(std::move(error.message), exchange.request);
    return error;
}

class CurlTransport final : public ports::HttpTransport {
public:
    explicit CurlTransport(CurlOptions options)
        : options_(std::move(options)), pool_(options_.max_idle_connections) {
        init_curl_once();
    }

    base::Result<HttpResponse> send(const HttpRequest& request, const base::Call& call) override {
        if (auto checked = check_request(request); !checked) return base::fail(checked.error());
        const std::string target = printable_target(request);
        if (call.stop.stop_requested()) {
            return base::fail(ErrorKind::cancelled, target + " was not sent: a stop was requested");
        }
        if (call.left().count() == 0) {
            return base::fail(ErrorKind::timeout, target + " was not sent: no time was left");
        }
        const std::string origin = request.unix_socket + '|' + origin_of(request.url);
        CurlLine line = pool_.take(origin);
        if (!line.multi || !line.easy) {
            return base::fail(ErrorKind::internal, "libcurl gives no handle");
        }
        Exchange exchange(request);
        prepare(line.easy.get(), exchange, options_, call);
        const Ending ending = drive(line, call);
        if (ending.stopped || ending.code != CURLE_OK) {
            // The line goes with its connection: nobody knows what still comes over it.
            return base::fail(error_of(ending, exchange, line.easy.get()));
        }
        long status = 0;
        curl_easy_getinfo(line.easy.get(), CURLINFO_RESPONSE_CODE, &status);
        exchange.response.status = static_cast<int>(status);
        // Drops the pointers into this call's memory, headers with secrets among them.
        curl_easy_reset(line.easy.get());
        pool_.give_back(origin, std::move(line));
        return std::move(exchange.response);
    }

private:
    CurlOptions options_;
    CurlPool pool_;
};

}  // namespace

std::unique_ptr<ports::HttpTransport> make_curl_transport(CurlOptions options) {
    return std::make_unique<CurlTransport>(std::move(options));
}

}  // namespace hatchery::net
