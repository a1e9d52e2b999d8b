#pragma once

#include <memory>
#include <string>

#include "sandbox/hetzner/hetzner_api.hpp"

namespace hatchery::sandbox {

/// HetznerApi served over HTTP.
class HetznerService {
public:
    /// `api` must outlive the service.
    HetznerService(HetznerApi& api, Log log);
    /// Stops the service.
    ~HetznerService();
    HetznerService(const HetznerService&) = delete;
    HetznerService& operator=(const HetznerService&) = delete;

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
