#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/encoding.hpp"
#include "crypto/key_ring.hpp"
#include "support/catch.hpp"

namespace hatchery::crypto {

namespace {

/// What `ssh-keygen -y` reads as the public half of a private key.
std::string public_half_by_ssh_keygen(const std::string& private_text) {
    std::string path = "/tmp/hatchery-key-XXXXXX";
    const int fd = ::mkstemp(path.data());
    REQUIRE(fd >= 0);
    REQUIRE(::write(fd, private_text.data(), private_text.size()) ==
            static_cast<ssize_t>(private_text.size()));
    ::close(fd);
    std::FILE* pipe = ::popen(("ssh-keygen -y -f " + path + " 2>&1").c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string out;
    std::array<char, 512> buffer{};
    while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) out += buffer.data();
    const int status = ::pclose(pipe);
    ::unlink(path.c_str());
    CHECK(WEXITSTATUS(status) == 0);
    while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
    return out;
}

}  // namespace

TEST_CASE("ssh-keygen reads the private key and finds the same public key") {
    const auto maker = make_key_maker();
    for (int i = 0; i < 8; ++i) {
        const ports::SshKeyPair pair = maker->make_ssh_key();
        CHECK(public_half_by_ssh_keygen(pair.private_key.reveal()) == pair.public_key);
    }
}

TEST_CASE("the public key is one word of type and one of base64, and no two keys are equal") {
    const auto maker = make_key_maker();
    const std::string first = maker->make_ssh_key().public_key;
    CHECK(first.rfind("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", 0) == 0);
    CHECK(first.find_first_of("\n\r") == std::string::npos);
    const auto blob = base::base64_decode(first.substr(first.find(' ') + 1));
    REQUIRE(blob.has_value());
    CHECK(blob->size() == 51);
    CHECK(maker->make_ssh_key().public_key != first);
}

}  // namespace hatchery::crypto
