#include "api/front/request_reader.hpp"

// g++ 12 miscompiles simple coroutines, so asio's are left out.
#define BOOST_ASIO_DISABLE_CO_AWAIT
#include <algorithm>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <utility>

namespace hatchery::api::front {

namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

/// Bytes that are taken at once: of a head few, for most are short.
constexpr std::size_t head_piece = 4U << 10U;
constexpr std::size_t body_piece = 64U << 10U;
constexpr std::size_t least_piece = 512;

HeadRefusal refused(int status, std::string reason) {
    return {.status = status, .reason = std::move(reason)};
}

/// Beast lets a bare LF stand in a quoted extension, where a proxy may see the end of the line.
struct ChunkHeaderCheck {
    void operator()(std::uint64_t, boost::beast::string_view extensions, error_code& ec) const {
        if (has_control({extensions.data(), extensions.size()})) {
            ec = http::error::bad_chunk_extension;
        }
    }
};

class BeastRequestReader final : public RequestReader {
public:
    explicit BeastRequestReader(const FrontOptions& options)
        : options_(options), buffer_(options.head_bytes + body_piece) {}

    [[nodiscard]] Step next() override {
        switch (part_) {
            case Part::head:
                return read_head_bytes();
            case Part::announced:
                return begin_body();
            case Part::body:
                return read_body();
        }
        return refused(500, "The reader is lost.");
    }

    [[nodiscard]] std::span<char> room() override {
        const std::size_t held = buffer_.size();
        std::size_t free = std::min(buffer_.max_size() - held, body_piece);
        if (part_ == Part::head) {
            // Also what is sent ahead of its turn, which may be more than one head.
            const auto left = held < options_.head_bytes ? options_.head_bytes - held : free;
            free = std::min({free, left, head_piece});
        } else {
            // No more than was announced, which is what the budget of bodies knows of.
            free = std::min(free, std::max(announced_, least_piece));
        }
        const auto bytes = buffer_.prepare(free);
        return {static_cast<char*>(bytes.data()), bytes.size()};
    }

    void filled(std::size_t count) override { buffer_.commit(count); }

    [[nodiscard]] bool in_request() const override { return in_request_; }
    [[nodiscard]] bool is_empty() const override { return buffer_.size() == 0; }

    void forget() override {
        buffer_.clear();
        buffer_.shrink_to_fit();
    }

private:
    enum class Part : std::uint8_t {
        head,       ///< waits for the end of a head
        announced,  ///< a head is there whose body nobody has taken on yet
        body,       ///< waits for the end of the body
    };

    [[nodiscard]] std::string_view buffered() const {
        return {static_cast<const char*>(buffer_.data().data()), buffer_.size()};
    }

    Step read_head_bytes() {
        const std::string_view bytes = buffered();
        in_request_ = !bytes.empty();
        for (; scanned_ < bytes.size(); ++scanned_) {
            if (bytes[scanned_] != '\n') continue;
            if (scanned_ == 0 || bytes[scanned_ - 1] != '\r') {
                return refused(400, "Every header line must end with CR LF.");
            }
            if (scanned_ >= 3 && bytes.substr(scanned_ - 3, 4) == "\r\n\r\n") {
                return on_head(bytes.substr(0, scanned_ + 1));
            }
        }
        if (!bytes.empty() && (bytes.front() < 'A' || bytes.front() > 'Z')) {
            return refused(400, "The request does not begin with a method.");
        }
        if (bytes.size() < options_.head_bytes) return NeedsBytes{};
        if (bytes.find('\n') == std::string_view::npos) {
            return refused(414, "The request line is too long.");
        }
        return refused(431, "The request's head is too large.");
    }

    Step on_head(std::string_view bytes) {
        auto checked = read_head(bytes, options_.head_limits);
        if (auto* refusal = std::get_if<HeadRefusal>(&checked)) return std::move(*refusal);
        head_ = std::move(std::get<RequestHead>(checked));
        head_bytes_ = bytes.size();
        if (head_.content_length && *head_.content_length > options_.body_bytes) {
            return refused(413, "The request body is too large.");
        }
        const bool has_body = head_.chunked || head_.content_length.value_or(0) > 0;
        const auto coding = find_field(head_.fields, "Content-Encoding");
        if (has_body && coding && !same_token(*coding, "identity")) {
            return refused(415, "The request body must not be compressed.");
        }
        part_ = Part::announced;
        // What comes in chunks may become as large as any.
        announced_ = head_.chunked ? options_.body_bytes : head_.content_length.value_or(0);
        return Announced{announced_};
    }

    Step begin_body() {
        parser_.emplace();
        parser_->header_limit(static_cast<std::uint32_t>(options_.head_bytes + 1));
        parser_->body_limit(options_.body_bytes);
        parser_->on_chunk_header(chunk_header_check_);
        error_code ec;
        const std::size_t used = parser_->put(net::buffer(buffered().data(), head_bytes_), ec);
        if (ec || used != head_bytes_ || !parser_->is_header_done()) {
            return refused(400, "The request's head is malformed.");
        }
        buffer_.consume(head_bytes_);
        scanned_ = 0;
        // The parser goes on through the body, as far as there is one.
        parser_->eager(true);
        part_ = Part::body;
        if (!parser_->is_done() && head_.expects_continue && is_empty()) return NeedsContinue{};
        return read_body();
    }

    Step read_body() {
        while (!parser_->is_done()) {
            if (is_empty() || stops_short()) return NeedsBytes{};
            error_code ec;
            buffer_.consume(parser_->put(buffer_.data(), ec));
            if (ec == http::error::need_more) {
                // A chunk's header that does not fit is none.
                if (buffer_.size() < buffer_.max_size()) return NeedsBytes{};
                ec = http::error::bad_chunk;
            }
            if (ec == http::error::body_limit)
                return refused(413, "The request body is too large.");
            if (ec) return refused(400, "The request body's framing is malformed.");
        }
        return request();
    }

    /// Beast asserts that the last chunk goes on by more than one byte behind its first line, which
    /// holds where a chunk was before it. Nothing can end here.
    [[nodiscard]] bool stops_short() const {
        return head_.chunked && buffered().size() == 4 && buffered().starts_with("0\r\n");
    }

    std::shared_ptr<Request> request() {
        auto request = std::make_shared<Request>();
        request->method = std::move(head_.method);
        request->target = std::move(head_.target);
        request->keep_alive = head_.keep_alive;
        request->body = std::move(parser_->get().body());
        request->received_at = std::chrono::steady_clock::now();
        const auto id = find_field(head_.fields, "X-Request-Id");
        if (id && is_request_id(*id)) request->request_id = *id;
        request->accepted_codings = find_field(head_.fields, "Accept-Encoding").value_or("");
        for (auto& field : head_.fields) {
            if (!is_dropped_field(field.first)) request->fields.push_back(std::move(field));
        }
        head_ = {};
        parser_.reset();
        // An idle connection keeps nothing of what came by it: it may have been a secret.
        if (is_empty()) buffer_.shrink_to_fit();
        part_ = Part::head;
        in_request_ = false;
        return request;
    }

    const FrontOptions& options_;
    boost::beast::flat_buffer buffer_;
    Part part_ = Part::head;
    bool in_request_ = false;
    std::size_t scanned_ = 0;
    std::size_t head_bytes_ = 0;
    std::size_t announced_ = 0;
    RequestHead head_;
    std::optional<http::request_parser<http::string_body>> parser_;
    ChunkHeaderCheck chunk_header_check_;
};

}  // namespace

std::unique_ptr<RequestReader> make_request_reader(const FrontOptions& options) {
    return std::make_unique<BeastRequestReader>(options);
}

}  // namespace hatchery::api::front
