#pragma once

#include <memory>
#include <string>

namespace hatchery::sandbox {

/// An OpenID Connect issuer for a machine of one's own: whoever opens its page says who they are,
/// and is believed. Behaviour: sandbox/sign_in/README.md.
class SignInService {
public:
    SignInService();
    /// Stops the service.
    ~SignInService();
    SignInService(const SignInService&) = delete;
    SignInService& operator=(const SignInService&) = delete;

    /// Listens on `host`:`port` (0: any free port) and returns once connections are accepted.
    /// False, with a sentence in `error`, when the address cannot be had.
    bool start(const std::string& host, int port, std::string& error);
    /// "http://host:port": the issuer.
    [[nodiscard]] std::string base_url() const;
    /// Joins all threads. May be called twice.
    void stop();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hatchery::sandbox
