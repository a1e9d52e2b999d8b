#include "core/reconcile.hpp"

#include "core/ownership.hpp"
#include "support/catch.hpp"

namespace {

using namespace hatchery;

const base::InstallationId ours("0197f0c2-0000-7000-8000-000000000001");
const base::InstallationId theirs("0197f0c2-0000-7000-8000-000000000002");

core::Server row(const std::string& id, const std::string& provider_server_id) {
    core::Server server;
    server.id = base::ServerId(id);
    server.provider_server_id = provider_server_id;
    return server;
}

core::ListedMachine machine(const std::string& provider_server_id, const std::string& row_id,
                            const base::InstallationId& owner = ours) {
    return {.provider_server_id = provider_server_id,
            .name = "hatchery-" + row_id,
            .labels = core::owner_labels(owner, base::ServerId(row_id), base::BotId("bot"))};
}

std::vector<std::string> ids(const std::vector<core::ListedMachine>& machines) {
    std::vector<std::string> result;
    for (const auto& each : machines) result.push_back(each.provider_server_id);
    return result;
}

}  // namespace

TEST_CASE("a machine with our label and no row is a stray, and only such a one") {
    core::ListedMachine bare{.provider_server_id = "7", .name = "web", .labels = {}};
    core::ListedMachine unfinished{.provider_server_id = "8",
                                   .name = "odd",
                                   .labels = {{core::label_installation, ours.text()}}};
    const std::vector<core::ListedMachine> listed{machine("1", "known"),
                                                  machine("2", "unanswered"),
                                                  machine("3", "gone"),
                                                  machine("4", "gone", theirs),
                                                  bare,
                                                  unfinished};
    const std::vector<core::Server> alive{row("known", "1"), row("unanswered", "")};
    REQUIRE(ids(core::strays(listed, ours, alive)) == std::vector<std::string>{"3", "8"});
}

TEST_CASE("a second machine under the label of a row that has its own is a stray") {
    const std::vector<core::ListedMachine> listed{machine("1", "known"), machine("2", "known")};
    const std::vector<core::Server> alive{row("known", "1")};
    REQUIRE(ids(core::strays(listed, ours, alive)) == std::vector<std::string>{"2"});
}

TEST_CASE("a project from which servers are missing must show the mark that was kept of it") {
    using core::is_our_project;
    CHECK(is_our_project({.mark = "", .shown = {}, .missing = 0, .known = 0}));
    CHECK(is_our_project({.mark = "7", .shown = {"8"}, .missing = 0, .known = 3}));
    CHECK(is_our_project({.mark = "7", .shown = {"8", "7"}, .missing = 1, .known = 1}));
    CHECK_FALSE(is_our_project({.mark = "7", .shown = {"8"}, .missing = 1, .known = 100}));
    CHECK_FALSE(is_our_project({.mark = "7", .shown = {}, .missing = 1, .known = 1}));
    // None was kept yet: some of the others must be there, or a firewall of ours.
    CHECK(is_our_project({.mark = "", .shown = {}, .missing = 1, .known = 2}));
    CHECK_FALSE(is_our_project({.mark = "", .shown = {}, .missing = 1, .known = 1}));
    CHECK(is_our_project({.mark = "", .shown = {"8"}, .missing = 1, .known = 1}));
    // So many at once nobody deletes by hand.
    CHECK_FALSE(is_our_project({.mark = "7", .shown = {"7"}, .missing = 4, .known = 15}));
    CHECK(is_our_project({.mark = "7", .shown = {"7"}, .missing = 4, .known = 16}));
}

TEST_CASE("a mark is taken from a project that has all servers, and kept while it is shown") {
    using core::new_mark;
    CHECK(new_mark({.mark = "", .shown = {"7", "8"}, .missing = 0, .known = 1}) == "7");
    CHECK_FALSE(new_mark({.mark = "8", .shown = {"7", "8"}, .missing = 0, .known = 1}));
    CHECK(new_mark({.mark = "9", .shown = {"7"}, .missing = 0, .known = 1}) == "7");
    CHECK_FALSE(new_mark({.mark = "", .shown = {"7"}, .missing = 1, .known = 2}));
    CHECK_FALSE(new_mark({.mark = "9", .shown = {}, .missing = 0, .known = 1}));
}

TEST_CASE("more than a few strays that are more than a quarter of all are too many") {
    CHECK_FALSE(core::too_many_strays(3, 3));
    CHECK(core::too_many_strays(4, 15));
    CHECK_FALSE(core::too_many_strays(4, 16));
}
