#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <unordered_set>

#include "api/front/front.hpp"
#include "api/front/held_bytes.hpp"
#include "api/front/worker_pool.hpp"
#include "base/random.hpp"

namespace boost::asio {
class io_context;
}

namespace hatchery::api::front {

/// One client. Lives on the front's thread; holds itself while an operation is under way.
class Connection {
public:
    virtual ~Connection() = default;
    virtual void start() = 0;
    /// Answers without reading and closes.
    virtual void refuse(int status, const std::string& detail) = 0;
    /// The front stops: ends now what waits, and the rest after its answer.
    virtual void drain() = 0;
    virtual void close() = 0;
    /// What the per-address limit counts.
    [[nodiscard]] virtual const std::string& key() const = 0;
};

/// What a connection needs of its front; used on the front's thread only, but for `pool`.
struct Shared {
    FrontOptions options;
    RequestHandler& handler;
    WorkerPool pool;
    std::stop_source stop;
    base::SystemRandom random;
    std::unordered_set<std::shared_ptr<Connection>> connections;
    std::map<std::string, std::size_t> per_address;
    std::atomic<std::size_t> count{0};
    HeldBytes bodies;
    HeldBytes answers;
    bool stopping = false;
    std::mutex mutex;
    std::condition_variable emptied;

    Shared(FrontOptions o, RequestHandler& h)
        : options(std::move(o)),
          handler(h),
          pool(options.worker_threads, options.queue_limit),
          bodies(options.held_bytes, most_of_address()),
          answers(options.held_bytes, most_of_address()) {}

    void remove(const std::shared_ptr<Connection>& connection);

private:
    [[nodiscard]] std::size_t most_of_address() const {
        return std::max(options.held_bytes / 4, options.body_bytes);
    }
};

/// An accepted socket as the system knows it; the connection owns it from now on.
struct AcceptedSocket {
    int descriptor = -1;
    bool ipv6 = false;
    std::size_t listener = 0;
    std::string peer;
    std::string address_key;
    /// It brings many clients.
    bool proxy = false;
};

[[nodiscard]] std::shared_ptr<Connection> make_connection(
    std::shared_ptr<boost::asio::io_context> io, Shared& shared, const AcceptedSocket& accepted);

}  // namespace hatchery::api::front
