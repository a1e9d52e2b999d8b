#pragma once

#include <memory>
#include <string>
#include <utility>

namespace hatchery::sandbox {

/// One of the sandbox's services on an address of its own. What it answers is its subclass's.
class WebService {
public:
    /// Stops the service.
    virtual ~WebService() = default;
    WebService(const WebService&) = delete;
    WebService& operator=(const WebService&) = delete;

    /// Listens on `host`:`port` (0: any free port) and returns once connections are accepted.
    /// False, with a sentence in `error`, when the address cannot be had.
    bool start(const std::string& host, int port, std::string& error) {
        return work_->start(host, port, error);
    }
    /// The port it listens on; 0 before start().
    [[nodiscard]] int port() const { return work_->port(); }
    /// What a client of the service takes as its base URL, without a slash at the end.
    [[nodiscard]] std::string base_url() const { return work_->base_url(); }
    /// Ends running answers and joins all threads. May be called twice.
    void stop() { work_->stop(); }

protected:
    /// What the functions above stand for; its destructor stops.
    class Work {
    public:
        virtual ~Work() = default;
        virtual bool start(const std::string& host, int port, std::string& error) = 0;
        [[nodiscard]] virtual int port() const = 0;
        [[nodiscard]] virtual std::string base_url() const = 0;
        virtual void stop() = 0;
    };
    explicit WebService(std::unique_ptr<Work> work) : work_(std::move(work)) {}

private:
    std::unique_ptr<Work> work_;
};

}  // namespace hatchery::sandbox
