#include "base/secret.hpp"

#include <concepts>
#include <sstream>

#include "support/catch.hpp"

using hatchery::base::Secret;

namespace {
template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };
static_assert(!Streamable<Secret>, "a secret must not be printable");
static_assert(!std::convertible_to<Secret, std::string>, "a secret must be revealed by name");
}  // namespace

TEST_CASE("a secret that is moved away leaves nothing behind") {
    Secret first("a rather long secret that does not fit into the object itself");
    const Secret second = std::move(first);
    REQUIRE(first.empty());
    REQUIRE(second.reveal().starts_with("a rather long"));
}

TEST_CASE("secrets are compared whole") {
    const Secret secret("s3cret");
    REQUIRE(secret.equals("s3cret"));
    REQUIRE_FALSE(secret.equals("s3creT"));
    REQUIRE_FALSE(secret.equals("s3cret "));
    REQUIRE_FALSE(Secret().equals("s3cret"));
}
