#pragma once

#include <functional>
#include <memory>
#include <string>

#include "sandbox/cloud/api_types.hpp"
#include "sandbox/hosts/log.hpp"

namespace hatchery::sandbox {

/// A cloud's API served over HTTP.
class ApiService {
public:
    using Handler = std::function<ApiAnswer(const ApiCall&)>;

    /// What `handle` uses must outlive the service; it is called on many threads at once.
    /// `prefix` is the API's version with a slash in front: `/v1`.
    ApiService(Handler handle, std::string prefix, Log log);
    /// Stops the service.
    ~ApiService();
    ApiService(const ApiService&) = delete;
    ApiService& operator=(const ApiService&) = delete;

    /// Listens on `host`:`port` (0: any free port) and returns once connections are accepted.
    /// False, with a sentence in `error`, when the address cannot be had.
    bool start(const std::string& host, int port, std::string& error);
    /// The port it listens on; 0 before start().
    [[nodiscard]] int port() const;
    /// "http://host:port/v1"
    [[nodiscard]] std::string base_url() const;
    /// Ends all connections and joins all threads. May be called twice.
    void stop();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hatchery::sandbox
