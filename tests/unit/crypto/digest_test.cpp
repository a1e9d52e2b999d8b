#include "crypto/digest.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/encoding.hpp"
#include "support/catch.hpp"

namespace hatchery::crypto {

TEST_CASE("sha256 gives the digests of FIPS 180-4") {
    CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256_hex(std::string(1'000'000, 'a')) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("sha256 of a file equals that of its bytes, and a missing file is not found") {
    std::string path = "/tmp/hatchery-digest-XXXXXX";
    const int fd = ::mkstemp(path.data());
    REQUIRE(fd >= 0);
    ::close(fd);
    const std::string content(700'001, 'x');
    std::ofstream(path) << content;
    CHECK(sha256_file(path).value() == sha256_hex(content));
    ::unlink(path.c_str());
    const auto missing = sha256_file(path);
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().kind == base::ErrorKind::not_found);
    CHECK_FALSE(sha256_file("/tmp").has_value());
}

TEST_CASE("hmac_sha256 gives the values of RFC 4231") {
    const auto hex = [](const std::string& bytes) { return base::hex_encode(bytes); };
    CHECK(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")) ==
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(hex(hmac_sha256(std::string(131, '\xaa'),
                          "Test Using Larger Than Block-Size Key - Hash Key First")) ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    CHECK(hex(hmac_sha256("", "")) ==
          "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("constant_time_equal compares content and length") {
    CHECK(constant_time_equal("", ""));
    CHECK(constant_time_equal("secret", "secret"));
    CHECK_FALSE(constant_time_equal("secret", "secreT"));
    CHECK_FALSE(constant_time_equal("secret", "secret2"));
}

}  // namespace hatchery::crypto
