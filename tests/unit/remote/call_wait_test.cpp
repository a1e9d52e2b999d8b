#include "remote/call_wait.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "support/catch.hpp"

using namespace hatchery;
using namespace std::chrono_literals;

TEST_CASE("a call of a process without free files hears its stop too") {
    std::array<int, 2> silent{};
    REQUIRE(pipe(silent.data()) == 0);
    std::stop_source stop;
    rlimit usual{};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &usual) == 0);
    const rlimit none{.rlim_cur = 3, .rlim_max = usual.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
    const remote::CallWait wait(base::Call::within(60s, stop.get_token()));
    REQUIRE(setrlimit(RLIMIT_NOFILE, &usual) == 0);
    const auto began = std::chrono::steady_clock::now();
    const std::jthread asks([&] { stop.request_stop(); });
    const auto ended = wait.ready(silent[0], POLLIN);
    REQUIRE_FALSE(ended);
    CHECK(ended.error().kind == base::ErrorKind::cancelled);
    CHECK(std::chrono::steady_clock::now() - began < 20s);
    close(silent[0]);
    close(silent[1]);
}
