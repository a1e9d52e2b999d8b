#include <unistd.h>

#include <filesystem>
#include <string>

#include "net/curl_transport.hpp"
#include "support/catch.hpp"
#include "support/net/http_test_server.hpp"
#include "support/processes/child_process.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using base::Effect;
using base::ErrorKind;

namespace {

/// OpenSSL's own test server with a certificate that is valid for 127.0.0.1 and signed by itself.
class TlsServer {
public:
    TlsServer() {
        std::filesystem::create_directories(folder_);
        support::ChildProcess maker(
            {.command = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                         "/CN=hatchery-test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                         key(), "-out", certificate()}});
        REQUIRE(maker.wait(20s) == 0);
        server_ = std::make_unique<support::ChildProcess>(
            support::ChildOptions{.command = {"openssl", "s_server", "-accept", "127.0.0.1:0",
                                              "-key", key(), "-cert", certificate(), "-www"},
                                  .capture_output = true});
        // The first line with a port is "ACCEPT 127.0.0.1:PORT".
        while (const auto line = server_->read_line(20s)) {
            const auto colon = line->rfind(':');
            if (line->starts_with("ACCEPT") && colon != std::string::npos) {
                url_ = "https://127.0.0.1" + line->substr(colon) + "/";
                break;
            }
        }
        REQUIRE_FALSE(url_.empty());
    }
    ~TlsServer() { std::filesystem::remove_all(folder_); }
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;

    std::string url() const { return url_; }
    std::string certificate() const { return folder_ + "/certificate.pem"; }

private:
    std::string key() const { return folder_ + "/key.pem"; }

    std::string folder_ = "/tmp/hatchery-tls-test-" + std::to_string(getpid());
    std::string url_;
    std::unique_ptr<support::ChildProcess> server_;
};

}  // namespace

TEST_CASE("a server whose certificate nobody vouches for is refused before anything is said") {
    const TlsServer server;
    const auto trusting = net::make_curl_transport({.ca_file = server.certificate()});
    const auto answered = trusting->send({.url = server.url()}, base::Call::within(10s));
    REQUIRE(answered);
    CHECK(answered->status == 200);

    const auto strict = net::make_curl_transport();
    const auto refused = strict->send({.method = "POST", .url = server.url(), .body = "{}"},
                                      base::Call::within(10s));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::unavailable);
    CHECK(refused.error().effect == Effect::none);
    CHECK(refused.error().next_action.find("certificate") != std::string::npos);
}
