#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "crypto/digest.hpp"
#include "integration/remote/faulty_proxy.hpp"
#include "integration/remote/remote_world.hpp"
#include "support/catch.hpp"

namespace hatchery::test {

using namespace std::chrono_literals;
using base::ErrorKind;
using Clock = std::chrono::steady_clock;

namespace {

std::string noise(std::size_t bytes) {
    std::string text(bytes, '\0');
    std::uint64_t state = 88172645463325252ULL;
    for (char& c : text) {
        state ^= state << 13U;
        state ^= state >> 7U;
        state ^= state << 17U;
        c = static_cast<char>(state);
    }
    return text;
}

/// A local file, and where it goes.
struct Parcel {
    ScratchFolder folder;
    std::string content;
    ports::FileUpload file;

    Parcel(RemoteWorld& world, std::size_t bytes) : content(noise(bytes)) {
        file.local_path = folder.path() + "/bundle";
        write_file(file.local_path, content);
        file.remote_path = world.sshd().folder() + "/bundles/a bundle.tar";
        file.sha256 = crypto::sha256_hex(content);
        file.mode = 0640;
    }
    [[nodiscard]] bool arrived() const { return read_file(file.remote_path) == content; }
    [[nodiscard]] std::string part() const {
        return file.remote_path + "." + file.sha256.substr(0, 16) + ".part";
    }
};

}  // namespace

TEST_CASE("a broken upload goes on where it ended") {
    RemoteWorld world;
    FaultyProxy proxy(world.target().port);
    world.aim_at(proxy.port());
    Parcel parcel(world, 24'000'000);
    proxy.cut_after(14'000'000);
    const auto broken = world.host().upload(world.target(), parcel.file, soon());
    REQUIRE_FALSE(broken.has_value());
    CHECK(broken.error().kind == ErrorKind::unavailable);
    CHECK_FALSE(parcel.arrived());

    proxy.cut_after(0);
    const auto sent_before = proxy.bytes_from_clients();
    std::vector<std::uint64_t> told;
    parcel.file.progress = [&](std::uint64_t done, std::uint64_t total) {
        CHECK(total == 24'000'000);
        told.push_back(done);
    };
    REQUIRE(world.host().upload(world.target(), parcel.file, soon()).has_value());
    CHECK(parcel.arrived());
    CHECK(proxy.bytes_from_clients() - sent_before < 20'000'000);
    REQUIRE(told.size() >= 2);
    CHECK(told.front() > 4'000'000);
    CHECK(told.back() == 24'000'000);
    CHECK(std::is_sorted(told.begin(), told.end()));
    CHECK(::access(parcel.part().c_str(), F_OK) != 0);
    struct stat about{};
    REQUIRE(::stat(parcel.file.remote_path.c_str(), &about) == 0);
    CHECK((about.st_mode & 07777U) == 0640U);
}

TEST_CASE("an upload takes over from one whose connection hangs") {
    RemoteWorld world;
    FaultyProxy proxy(world.target().port);
    Parcel parcel(world, 12'000'000);
    world.aim_at(proxy.port());
    parcel.file.progress = [&](std::uint64_t done, std::uint64_t) {
        if (done > 4'000'000) proxy.hold();
    };
    const auto hung = world.host().upload(world.target(), parcel.file, base::Call::within(1500ms));
    REQUIRE_FALSE(hung.has_value());
    CHECK(hung.error().kind == ErrorKind::timeout);

    // The server does not know yet that nobody sends any more.
    world.aim_at(world.sshd().target().port);
    world.restart_client();
    parcel.file.progress = nullptr;
    REQUIRE(world.host().upload(world.target(), parcel.file, soon()).has_value());
    CHECK(parcel.arrived());
}

TEST_CASE("a part that was damaged is found out, removed, and sent anew") {
    RemoteWorld world;
    Parcel parcel(world, 3'000'000);
    REQUIRE(world.exec("mkdir " + world.sshd().folder() + "/bundles").exit_code == 0);
    // Shorter than the file, and longer.
    for (const std::size_t bytes : {1'000'000U, 5'000'000U}) {
        write_file(parcel.part(), std::string(bytes, 'z'));
        REQUIRE(world.host().upload(world.target(), parcel.file, soon()).has_value());
        CHECK(parcel.arrived());
        CHECK(::access(parcel.part().c_str(), F_OK) != 0);
        ::unlink(parcel.file.remote_path.c_str());
    }
}

TEST_CASE("an empty file can be sent") {
    RemoteWorld world;
    Parcel parcel(world, 0);
    REQUIRE(world.host().upload(world.target(), parcel.file, soon()).has_value());
    CHECK(::access(parcel.file.remote_path.c_str(), F_OK) == 0);
}

TEST_CASE("a full disk or a folder that cannot be made is an error, not a hang") {
    RemoteWorld world;
    Parcel parcel(world, 3'000'000);
    parcel.file.remote_path = "/dev/null/no/folder/bundle";
    const auto refused = world.host().upload(world.target(), parcel.file, soon());
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind == ErrorKind::unavailable);
    CHECK(refused.error().message.find("/dev/null") != std::string::npos);
}

TEST_CASE("a large upload is fast") {
    RemoteWorld world;
    Parcel parcel(world, 200U << 20U);
    const auto start = Clock::now();
    REQUIRE(world.host().upload(world.target(), parcel.file, soon()).has_value());
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    std::printf("upload: 200 MiB in %.2f s, %.0f MiB/s\n", seconds, 200 / seconds);
    CHECK(parcel.arrived());
    // The machine may be busy with other tests; this only finds stalls.
    CHECK(seconds < 20);
}

}  // namespace hatchery::test
