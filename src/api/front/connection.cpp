#include "api/front/connection.hpp"

// g++ 12 miscompiles simple coroutines, so asio's are left out.
#define BOOST_ASIO_DISABLE_CO_AWAIT
#include <netinet/tcp.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <utility>

#include "api/front/event_stream.hpp"
#include "base/log.hpp"

namespace hatchery::api::front {

namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;
using tcp = net::ip::tcp;
using boost::system::error_code;

/// How long and how much is still read from a peer after the last answer, so that the answer is
/// not lost in a reset.
constexpr std::chrono::milliseconds linger_timeout{2'000};
constexpr std::size_t linger_bytes = 4U << 20U;

/// Milliseconds for which what was sent may stay unacknowledged before the connection ends.
using UnacknowledgedLimit = net::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;

/// Beast lets a bare LF stand in a quoted extension, where a proxy may see the end of the line.
struct ChunkHeaderCheck {
    void operator()(std::uint64_t, boost::beast::string_view extensions, error_code& ec) const {
        if (has_control({extensions.data(), extensions.size()})) {
            ec = http::error::bad_chunk_extension;
        }
    }
};

class BeastConnection final : public Connection,
                              public std::enable_shared_from_this<BeastConnection> {
public:
    BeastConnection(std::shared_ptr<net::io_context> io, Shared& shared,
                    const AcceptedSocket& accepted)
        : io_(std::move(io)),
          shared_(shared),
          socket_(*io_, accepted.ipv6 ? tcp::v6() : tcp::v4(), accepted.descriptor),
          timer_(*io_),
          buffer_(shared.options.head_bytes + (64U << 10U)),
          listener_(accepted.listener),
          peer_(accepted.peer),
          holder_{.address = accepted.address_key, .proxy = accepted.proxy} {}

    void start() override {
        error_code ignored;
        socket_.set_option(tcp::no_delay(true), ignored);
        // A reader of events that vanished without a word takes no more bytes, and the system takes
        // ours for a quarter of an hour: heartbeats would go on being written.
        const auto limit = static_cast<int>(shared_.options.write_timeout.count());
        socket_.set_option(UnacknowledgedLimit(limit), ignored);
        // For look_at_parked; asio's own waits are not concerned.
        socket_.non_blocking(true, ignored);
        arm(shared_.options.head_timeout);
        read_head_bytes();
    }

    void refuse(int status, const std::string& detail) override {
        shared_.handler.refused(status);
        const std::string id = base::random_hex(shared_.random, 8);
        write(
            {.bytes = refusal_bytes(status, detail, id), .close = true, .stream = {}, .park = {}});
    }

    void drain() override {
        switch (state_) {
            case State::reading:
                // A request that is on its way is answered: a proxy must not send it again.
                close_after_reply_ = expects_request();
                if (!close_after_reply_) close();
                break;
            case State::lingering:
                close();
                break;
            case State::working:
            case State::writing:
                close_after_reply_ = true;
                break;
            case State::parked:
                refuse(503, "The server is stopping.");
                break;
            case State::streaming:
                stream_->finish();
                break;
            case State::closed:
                break;
        }
    }

    void close() override {
        if (state_ == State::closed) return;
        state_ = State::closed;
        error_code ignored;
        timer_.cancel(ignored);
        socket_.close(ignored);
        if (stream_) stream_->abandon();
        drop_body();
        drop_answer();
        shared_.remove(shared_from_this());
    }

    [[nodiscard]] const std::string& key() const override { return holder_.address; }

private:
    enum class State : std::uint8_t {
        reading,    ///< waits for a request or its rest
        working,    ///< a worker has the request
        parked,     ///< the request waits to be woken
        writing,    ///< the answer goes out
        streaming,  ///< carries an event stream
        lingering,  ///< everything is said; waits for the peer to close
        closed,
    };

    void arm(std::chrono::milliseconds limit) {
        timer_.expires_after(limit);
        timer_.async_wait([self = shared_from_this()](const error_code& ec) {
            if (!ec && self->timer_.expiry() <= std::chrono::steady_clock::now()) self->on_timer();
        });
    }

    void on_timer() {
        switch (state_) {
            case State::reading:
                if (in_request_) {
                    // The read that is under way ends as aborted and answers 408.
                    timed_out_ = true;
                    error_code ignored;
                    socket_.cancel(ignored);
                } else {
                    close();
                }
                break;
            case State::writing:
            case State::lingering:
                close();
                break;
            case State::streaming:
                if (stream_writing_) {
                    close();
                } else {
                    write_stream(": heartbeat\n\n");
                }
                break;
            case State::parked:
                if (park_limited_) submit();
                break;
            case State::working:
            case State::closed:
                break;
        }
    }

    /// The head

    [[nodiscard]] std::string_view buffered() const {
        return {static_cast<const char*>(buffer_.data().data()), buffer_.size()};
    }

    void read_head_bytes() {
        const std::string_view bytes = buffered();
        if (!bytes.empty() && !in_request_) {
            in_request_ = true;
            arm(shared_.options.head_timeout);
        }
        for (; scanned_ < bytes.size(); ++scanned_) {
            if (bytes[scanned_] != '\n') continue;
            if (scanned_ == 0 || bytes[scanned_ - 1] != '\r') {
                return refuse(400, "Every header line must end with CR LF.");
            }
            if (scanned_ >= 3 && bytes.substr(scanned_ - 3, 4) == "\r\n\r\n") {
                return on_head(bytes.substr(0, scanned_ + 1));
            }
        }
        if (!bytes.empty() && (bytes.front() < 'A' || bytes.front() > 'Z')) {
            return refuse(400, "The request does not begin with a method.");
        }
        if (bytes.size() >= shared_.options.head_bytes) {
            return refuse_oversized_head(bytes);
        }
        const auto room = std::min<std::size_t>(4096, shared_.options.head_bytes - bytes.size());
        socket_.async_read_some(
            buffer_.prepare(room),
            [self = shared_from_this()](const error_code& ec, std::size_t count) {
                if (self->state_ != State::reading) return;
                if (ec) return self->on_read_error();
                self->buffer_.commit(count);
                self->read_head_bytes();
            });
    }

    void refuse_oversized_head(std::string_view bytes) {
        if (bytes.find('\n') == std::string_view::npos) {
            refuse(414, "The request line is too long.");
        } else {
            refuse(431, "The request's head is too large.");
        }
    }

    void on_read_error() {
        if (timed_out_) {
            timed_out_ = false;
            refuse(408, "The request did not arrive in time.");
        } else {
            close();
        }
    }

    void on_head(std::string_view bytes) {
        auto checked = read_head(bytes, shared_.options.head_limits);
        if (const auto* refusal = std::get_if<HeadRefusal>(&checked)) {
            return refuse(refusal->status, refusal->reason);
        }
        head_ = std::move(std::get<RequestHead>(checked));
        if (head_.content_length && *head_.content_length > shared_.options.body_bytes) {
            return refuse(413, "The request body is too large.");
        }
        const bool has_body = head_.chunked || head_.content_length.value_or(0) > 0;
        const auto coding = find_field(head_.fields, "Content-Encoding");
        if (has_body && coding && !same_token(*coding, "identity")) {
            return refuse(415, "The request body must not be compressed.");
        }
        // What comes in chunks may become as large as any.
        body_held_ = head_.chunked ? shared_.options.body_bytes : head_.content_length.value_or(0);
        if (!shared_.bodies.take(holder_, body_held_)) {
            body_held_ = 0;
            return refuse(503, "The server holds as many request bodies as it can.");
        }
        if (shared_.answers.full(holder_)) {
            return refuse(503, "Too many answers wait to be taken.");
        }
        parser_.emplace();
        parser_->header_limit(static_cast<std::uint32_t>(shared_.options.head_bytes + 1));
        parser_->body_limit(shared_.options.body_bytes);
        parser_->on_chunk_header(chunk_header_check_);
        error_code ec;
        const std::size_t length = bytes.size();
        const std::size_t used = parser_->put(net::buffer(bytes.data(), length), ec);
        if (ec || used != length || !parser_->is_header_done()) {
            return refuse(400, "The request's head is malformed.");
        }
        buffer_.consume(length);
        scanned_ = 0;
        if (parser_->is_done()) return on_request();
        arm(shared_.options.body_timeout);
        if (head_.expects_continue && buffer_.size() == 0) return say_continue();
        read_body();
    }

    /// Whether a part of a request is here, or one must come: nobody connects to say nothing.
    [[nodiscard]] bool expects_request() const {
        error_code ec;
        return fresh_ || in_request_ || buffer_.size() > 0 || socket_.available(ec) > 0;
    }

    /// The body

    void say_continue() {
        static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        net::async_write(socket_, net::buffer(go_on),
                         [self = shared_from_this()](const error_code& ec, std::size_t) {
                             if (self->state_ != State::reading) return;
                             if (ec) return self->on_read_error();
                             self->read_body();
                         });
    }

    void read_body() {
        http::async_read(
            socket_, buffer_, *parser_,
            [self = shared_from_this()](const error_code& ec, std::size_t) { self->on_body(ec); });
    }

    void on_body(const error_code& ec) {
        if (state_ != State::reading) return;
        if (!ec) return on_request();
        if (timed_out_) return on_read_error();
        if (ec == http::error::body_limit) return refuse(413, "The request body is too large.");
        if (ec == http::error::partial_message || ec == http::error::end_of_stream) return close();
        const bool malformed =
            ec.category() == http::make_error_code(http::error::bad_chunk).category();
        if (malformed) return refuse(400, "The request body's framing is malformed.");
        close();
    }

    void on_request() {
        request_ = std::make_shared<Request>();
        request_->method = std::move(head_.method);
        request_->target = std::move(head_.target);
        request_->keep_alive = head_.keep_alive;
        request_->body = std::move(parser_->get().body());
        request_->remote_address = peer_;
        request_->listener = listener_;
        request_->received_at = std::chrono::steady_clock::now();
        const auto id = find_field(head_.fields, "X-Request-Id");
        request_->request_id =
            id && is_request_id(*id) ? std::string(*id) : base::random_hex(shared_.random, 8);
        request_->accepted_codings = find_field(head_.fields, "Accept-Encoding").value_or("");
        for (auto& field : head_.fields) {
            if (!is_dropped_field(field.first)) request_->fields.push_back(std::move(field));
        }
        head_ = {};
        fresh_ = false;
        parser_.reset();
        // An idle connection keeps nothing of what came by it: it may have been a secret.
        if (buffer_.size() == 0) buffer_.shrink_to_fit();
        in_request_ = false;
        submit();
    }

    /// The work

    void submit() {
        state_ = State::working;
        const bool taken = shared_.pool.post([self = shared_from_this(), request = request_] {
            auto reply = std::make_shared<Reply>(self->run(*request));
            net::post(*self->io_, [self, reply] { self->on_reply(std::move(*reply)); });
        });
        if (!taken) refuse(503, "The server has more to do than it can queue.");
    }

    /// On a worker's thread.
    [[nodiscard]] Reply run(const Request& request) {
        try {
            return shared_.handler.handle(request, shared_.stop.get_token());
        } catch (const std::exception& error) {
            base::log_event(base::LogLevel::error, "request_threw",
                            {{"request", request.request_id}, {"what", error.what()}});
            return {.bytes = refusal_bytes(500, "Something went wrong inside Hatchery.",
                                           request.request_id),
                    .close = true,
                    .stream = {},
                    .park = {}};
        }
    }

    void on_reply(Reply reply) {
        if (state_ != State::working) {
            if (reply.stream) reply.stream->abandon();
            return;
        }
        if (reply.park) return park(reply);
        reply.close = reply.close || !request_->keep_alive || close_after_reply_;
        request_.reset();
        drop_body();
        write(std::move(reply));
    }

    void park(const Reply& reply) {
        state_ = State::parked;
        request_->again = true;
        if (reply.kept) request_->kept = reply.kept;
        // The timer may still run for what the connection did before.
        park_limited_ = reply.park_at_most.has_value();
        if (park_limited_) arm(*reply.park_at_most);
        watch_parked();
        if (shared_.stopping) return refuse(503, "The server is stopping.");
        const auto woken = std::make_shared<std::atomic<bool>>(false);
        reply.park([weak = weak_from_this(), io = io_, woken] {
            if (woken->exchange(true)) return;
            net::post(*io, [weak] {
                const auto self = weak.lock();
                if (self && self->state_ == State::parked) self->submit();
            });
        });
    }

    /// Waits for the client's next bytes, which are its end or a request that it sends ahead. One
    /// wait at a time; it may outlast the parking, and then does nothing.
    void watch_parked() {
        if (watching_) return;
        watching_ = true;
        socket_.async_wait(tcp::socket::wait_read,
                           [self = shared_from_this()](const error_code& ec) {
                               self->watching_ = false;
                               if (!ec && self->state_ == State::parked) self->look_at_parked();
                           });
    }

    void look_at_parked() {
        const std::size_t room = buffer_.max_size() - buffer_.size();
        // More than it should send ahead: it is read once it is its turn.
        if (room == 0) return;
        error_code ec;
        const auto size = std::min<std::size_t>(room, 4096);
        const std::size_t count = socket_.read_some(buffer_.prepare(size), ec);
        if (ec && ec != net::error::would_block && ec != net::error::try_again) return close();
        buffer_.commit(ec ? 0 : count);
        watch_parked();
    }

    /// The answer

    void write(Reply reply) {
        state_ = State::writing;
        arm(shared_.options.write_timeout);
        auto pending = std::make_shared<Reply>(std::move(reply));
        // Before the head goes out, so that a connection that ends meanwhile abandons it.
        if (pending->stream) stream_ = pending->stream;
        drop_answer();
        answer_held_ = pending->bytes.size();
        shared_.answers.add(holder_, answer_held_);
        net::async_write(socket_, net::buffer(pending->bytes),
                         [self = shared_from_this(), pending](const error_code& ec, std::size_t) {
                             if (self->state_ != State::writing) return;
                             if (ec) return self->close();
                             self->on_written(*pending);
                         });
    }

    void drop_body() { shared_.bodies.give_back(holder_, std::exchange(body_held_, 0)); }
    void drop_answer() { shared_.answers.give_back(holder_, std::exchange(answer_held_, 0)); }

    void on_written(const Reply& reply) {
        drop_answer();
        if (reply.stream) return begin_stream();
        if (reply.close || close_after_reply_) return linger();
        state_ = State::reading;
        if (buffer_.size() == 0) arm(shared_.options.idle_timeout);
        read_head_bytes();
    }

    /// Closes so that the peer gets all that was written.
    void linger() {
        state_ = State::lingering;
        error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_send, ignored);
        if (shared_.stopping) return close();
        arm(linger_timeout);
        buffer_.clear();
        discard(linger_bytes);
    }

    /// Reads and forgets up to `left` bytes; closes at the end of them, or of the connection.
    void discard(std::size_t left) {
        buffer_.clear();
        const auto size = std::min<std::size_t>(8192, buffer_.max_size());
        socket_.async_read_some(
            buffer_.prepare(size),
            [self = shared_from_this(), left](const error_code& ec, std::size_t count) {
                if (self->state_ == State::closed) return;
                if (ec || count >= left) return self->close();
                self->discard(left - count);
            });
    }

    /// Event streams

    void begin_stream() {
        state_ = State::streaming;
        buffer_.clear();
        buffer_.shrink_to_fit();
        stream_->attach([weak = weak_from_this(), io = io_, posted = pump_posted_] {
            // Many sends between two turns of the loop make one pump.
            if (posted->exchange(true)) return;
            net::post(*io, [weak, posted] {
                posted->store(false);
                if (const auto self = weak.lock()) self->pump();
            });
        });
        if (shared_.stopping) stream_->finish();
        watch_reader();
        pump();
    }

    /// A reader of events has nothing more to say: its next byte is its end or an abuse.
    void watch_reader() {
        socket_.async_wait(tcp::socket::wait_read,
                           [self = shared_from_this()](const error_code& ec) {
                               if (self->state_ != State::streaming || ec) return;
                               self->close();
                           });
    }

    void pump() {
        if (state_ != State::streaming || stream_writing_) return;
        std::string bytes = stream_->take();
        if (!bytes.empty()) return write_stream(std::move(bytes));
        if (stream_->finished()) return end_stream();
        arm(shared_.options.heartbeat);
    }

    void end_stream() {
        stream_->abandon();
        error_code ignored;
        // Ends the wait of watch_reader, which would take the reader's close for a leaving.
        socket_.cancel(ignored);
        linger();
    }

    void write_stream(std::string bytes) {
        stream_writing_ = true;
        arm(shared_.options.write_timeout);
        auto pending = std::make_shared<std::string>(std::move(bytes));
        net::async_write(socket_, net::buffer(*pending),
                         [self = shared_from_this(), pending](const error_code& ec, std::size_t) {
                             self->stream_writing_ = false;
                             if (self->state_ != State::streaming) return;
                             if (ec) return self->close();
                             self->stream_->sent();
                             self->pump();
                         });
    }

    const std::shared_ptr<net::io_context> io_;
    Shared& shared_;
    tcp::socket socket_;
    net::steady_timer timer_;
    boost::beast::flat_buffer buffer_;
    const std::size_t listener_;
    const std::string peer_;
    const HeldBytes::Holder holder_;
    std::size_t body_held_ = 0;
    std::size_t answer_held_ = 0;
    State state_ = State::reading;
    std::size_t scanned_ = 0;
    bool in_request_ = false;
    bool timed_out_ = false;
    bool close_after_reply_ = false;
    /// No request has come yet.
    bool fresh_ = true;
    RequestHead head_;
    std::optional<http::request_parser<http::string_body>> parser_;
    ChunkHeaderCheck chunk_header_check_;
    std::shared_ptr<Request> request_;
    std::shared_ptr<EventStream> stream_;
    std::shared_ptr<std::atomic<bool>> pump_posted_ = std::make_shared<std::atomic<bool>>(false);
    bool stream_writing_ = false;
    bool watching_ = false;
    bool park_limited_ = false;
};

}  // namespace

void Shared::remove(const std::shared_ptr<Connection>& connection) {
    if (connections.erase(connection) == 0) return;
    const auto found = per_address.find(connection->key());
    if (found != per_address.end() && --found->second == 0) per_address.erase(found);
    const std::lock_guard lock(mutex);
    count = connections.size();
    if (connections.empty()) emptied.notify_all();
}

std::shared_ptr<Connection> make_connection(std::shared_ptr<net::io_context> io, Shared& shared,
                                            const AcceptedSocket& accepted) {
    return std::make_shared<BeastConnection>(std::move(io), shared, accepted);
}

}  // namespace hatchery::api::front
