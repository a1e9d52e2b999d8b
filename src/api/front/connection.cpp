#include "api/front/connection.hpp"

// g++ 12 miscompiles simple coroutines, so asio's are left out.
#define BOOST_ASIO_DISABLE_CO_AWAIT
#include <netinet/tcp.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "api/front/event_stream.hpp"
#include "api/front/request_reader.hpp"
#include "base/log.hpp"

namespace hatchery::api::front {

namespace {

namespace net = boost::asio;
using tcp = net::ip::tcp;
using boost::system::error_code;

/// How long and how much is still read from a peer after the last answer, so that the answer is
/// not lost in a reset.
constexpr std::chrono::milliseconds linger_timeout{2'000};
constexpr std::size_t linger_bytes = 4U << 20U;

/// Milliseconds for which what was sent may stay unacknowledged before the connection ends.
using UnacknowledgedLimit = net::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;

class AsioConnection final : public Connection,
                             public std::enable_shared_from_this<AsioConnection> {
public:
    AsioConnection(std::shared_ptr<net::io_context> io, Shared& shared,
                   const AcceptedSocket& accepted)
        : io_(std::move(io)),
          shared_(shared),
          socket_(*io_, accepted.ipv6 ? tcp::v6() : tcp::v4(), accepted.descriptor),
          timer_(*io_),
          reader_(make_request_reader(shared_.options)),
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
        read_request();
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
                if (reader_->in_request()) {
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

    /// The request

    /// Goes on with what is there, and reads more if that is not enough.
    void read_request() {
        const bool begun = reader_->in_request();
        auto step = reader_->next();
        if (!begun && reader_->in_request()) arm(shared_.options.head_timeout);
        if (const auto* announced = std::get_if<RequestReader::Announced>(&step)) {
            if (!admit(announced->body_bytes)) return;
            if (body_held_ > 0) arm(shared_.options.body_timeout);
            step = reader_->next();
        }
        if (auto* request = std::get_if<std::shared_ptr<Request>>(&step)) {
            take(std::move(*request));
        } else if (const auto* refusal = std::get_if<HeadRefusal>(&step)) {
            refuse(refusal->status, refusal->reason);
        } else if (std::holds_alternative<RequestReader::NeedsContinue>(step)) {
            say_continue();
        } else {
            read_some();
        }
    }

    void read_some() {
        const auto room = reader_->room();
        socket_.async_read_some(
            net::buffer(room.data(), room.size()),
            [self = shared_from_this()](const error_code& ec, std::size_t count) {
                if (self->state_ != State::reading) return;
                if (ec) return self->on_read_error();
                self->reader_->filled(count);
                self->read_request();
            });
    }

    void on_read_error() {
        if (timed_out_) {
            timed_out_ = false;
            refuse(408, "The request did not arrive in time.");
        } else {
            close();
        }
    }

    /// Whether there is room for the body and, later, for an answer; else the request is refused.
    [[nodiscard]] bool admit(std::size_t body_bytes) {
        if (!shared_.bodies.take(holder_, body_bytes)) {
            refuse(503, "The server holds as many request bodies as it can.");
            return false;
        }
        body_held_ = body_bytes;
        if (shared_.answers.full(holder_)) {
            refuse(503, "Too many answers wait to be taken.");
            return false;
        }
        return true;
    }

    void say_continue() {
        static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        net::async_write(socket_, net::buffer(go_on),
                         [self = shared_from_this()](const error_code& ec, std::size_t) {
                             if (self->state_ != State::reading) return;
                             if (ec) return self->on_read_error();
                             self->read_request();
                         });
    }

    /// Whether a part of a request is here, or one must come: nobody connects to say nothing.
    [[nodiscard]] bool expects_request() const {
        error_code ec;
        return fresh_ || reader_->in_request() || !reader_->is_empty() || socket_.available(ec) > 0;
    }

    void take(std::shared_ptr<Request> request) {
        fresh_ = false;
        request_ = std::move(request);
        request_->remote_address = peer_;
        request_->listener = listener_;
        if (request_->request_id.empty()) {
            request_->request_id = base::random_hex(shared_.random, 8);
        }
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
        const auto room = reader_->room();
        // More than it should send ahead: it is read once it is its turn.
        if (room.empty()) return;
        error_code ec;
        const std::size_t count = socket_.read_some(net::buffer(room.data(), room.size()), ec);
        if (ec && ec != net::error::would_block && ec != net::error::try_again) return close();
        reader_->filled(ec ? 0 : count);
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
        if (reader_->is_empty()) arm(shared_.options.idle_timeout);
        read_request();
    }

    /// Closes so that the peer gets all that was written.
    void linger() {
        state_ = State::lingering;
        error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_send, ignored);
        if (shared_.stopping) return close();
        arm(linger_timeout);
        reader_->forget();
        discard(std::make_shared<std::array<char, 8192>>(), linger_bytes);
    }

    /// Reads and forgets up to `left` bytes; closes at the end of them, or of the connection.
    void discard(const std::shared_ptr<std::array<char, 8192>>& sink, std::size_t left) {
        socket_.async_read_some(net::buffer(*sink), [self = shared_from_this(), sink, left](
                                                        const error_code& ec, std::size_t count) {
            if (self->state_ == State::closed) return;
            if (ec || count >= left) return self->close();
            self->discard(sink, left - count);
        });
    }

    /// Event streams

    void begin_stream() {
        state_ = State::streaming;
        reader_->forget();
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
    const std::unique_ptr<RequestReader> reader_;
    const std::size_t listener_;
    const std::string peer_;
    const HeldBytes::Holder holder_;
    std::size_t body_held_ = 0;
    std::size_t answer_held_ = 0;
    State state_ = State::reading;
    bool timed_out_ = false;
    bool close_after_reply_ = false;
    /// No request has come yet.
    bool fresh_ = true;
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
    return std::make_shared<AsioConnection>(std::move(io), shared, accepted);
}

}  // namespace hatchery::api::front
