#include "contract/cloud_provider/openapi_proxy.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <stdexcept>
#include <thread>

namespace hatchery::contract {

namespace {

using namespace std::chrono_literals;

/// The type of problem that stands for an upstream that gave no answer at all: the cloud's doing,
/// not a violation.
constexpr std::string_view no_answer = "prism/errors#UNKNOWN";
constexpr std::string_view any_objection = "stoplight.io/prism/errors";

/// The URL in the proxy's log, once it listens.
std::string listening_url(const std::string& log) {
    static const std::regex listening("listening on (http://[0-9.]+:[0-9]+)\n");
    std::ifstream file(log);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    std::smatch found;
    return std::regex_search(text, found, listening) ? found[1].str() : std::string();
}

}  // namespace

OpenApiProxy::OpenApiProxy(const std::string& document, const std::string& upstream) {
    const std::string folder = std::string(HATCHERY_BINARY_DIR) + "/prism";
    support::ChildProcess installer(
        {.command = {HATCHERY_SOURCE_DIR "/tools/install-npm",
                     HATCHERY_SOURCE_DIR "/tests/contract/prism", folder},
         .log_path = "/dev/stderr"});
    if (installer.wait(240s) != 0) throw std::runtime_error("npm could not install the proxy");
    // Its log is long: a pipe that nobody reads would fill up and stop it.
    const std::string log = fmt::format("{}/proxy-{}.log", folder, getpid());
    std::filesystem::remove(log);
    process_ = std::make_unique<support::ChildProcess>(
        support::ChildOptions{.command = {folder + "/node_modules/.bin/prism", "proxy", "--errors",
                                          "--host", "127.0.0.1", "--port", "0", document, upstream},
                              .environment = {{"NO_COLOR", "1"}},
                              .log_path = log});
    const auto deadline = std::chrono::steady_clock::now() + 120s;
    while (url_.empty() && process_->running() && std::chrono::steady_clock::now() < deadline) {
        url_ = listening_url(log);
        if (url_.empty()) std::this_thread::sleep_for(50ms);
    }
    if (!url_.empty()) return;
    throw std::runtime_error("the proxy does not listen");
}

base::Result<ports::HttpResponse> ViolationWatch::send(const ports::HttpRequest& request,
                                                       const base::Call& call) {
    auto response = inner_.send(request, call);
    if (!response) return response;
    const bool objected = response->headers.contains("sl-violations") ||
                          (response->body.find(any_objection) != std::string::npos &&
                           response->body.find(no_answer) == std::string::npos);
    if (objected) {
        const auto header = response->headers.find("sl-violations");
        const std::scoped_lock lock(mutex_);
        violations_ +=
            fmt::format("{} {} -> {} {} {}\n", request.method, request.url, response->status,
                        response->body, header == response->headers.end() ? "" : header->second);
    }
    return response;
}

std::string ViolationWatch::violations() const {
    const std::scoped_lock lock(mutex_);
    return violations_;
}

}  // namespace hatchery::contract
