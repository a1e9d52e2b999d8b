#include "core/ownership.hpp"

#include <cctype>

#include "support/catch.hpp"

using namespace hatchery;

namespace {
const base::InstallationId ours("0192d3a0-0000-7000-8000-000000000001");
const base::ServerId server("0192d3a0-0000-7000-8000-000000000002");
const base::BotId bot("0192d3a0-0000-7000-8000-000000000003");
}  // namespace

TEST_CASE("a server's name is the same every time and fits a host name") {
    const auto name = core::server_name(server);
    REQUIRE(name == core::server_name(server));
    REQUIRE(name.size() <= 63);
    for (const char c : name) {
        REQUIRE((std::islower(static_cast<unsigned char>(c)) != 0 ||
                 std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '-'));
    }
}

TEST_CASE("a server is ours only with this installation's label and its own row's") {
    auto labels = core::owner_labels(ours, server, bot);
    REQUIRE(core::owned_by(labels, ours, server));
    REQUIRE_FALSE(core::owned_by(labels, base::InstallationId(bot.text()), server));
    REQUIRE_FALSE(core::owned_by(labels, ours, base::ServerId(bot.text())));
    labels.erase(core::label_installation);
    REQUIRE_FALSE(core::owned_by(labels, ours, server));
    REQUIRE_FALSE(core::owned_by({}, ours, server));
}
