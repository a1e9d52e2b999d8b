#include "core/create_actions.hpp"

#include "support/catch.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using core::CloudAction;
using core::CreateWord;
using State = core::CloudAction::State;
using Standing = core::CreateWord::Standing;

namespace {

const std::vector<std::string> two{"1", "2"};
const base::TimePoint start{std::chrono::seconds(1'700'000'000)};

CloudAction action(const std::string& id, State state, int percent = 0) {
    return {.id = id, .state = state, .progress_percent = percent};
}

CreateWord word(const std::vector<CloudAction>& seen) { return core::word_of(two, seen); }

core::BootingCreate create(const std::string& id, std::chrono::seconds after = 0s) {
    return {.server = base::ServerId(id), .actions = 2, .since = start + after, .asked_at = {}};
}

std::string asked(const std::vector<core::BootingCreate>& booting, base::TimePoint now,
                  std::size_t most = 100) {
    std::string ids;
    for (const auto& id :
         core::creates_to_ask(booting, {.expected = 30s, .most_actions = most}, now)) {
        ids += id.text();
    }
    return ids;
}

}  // namespace

TEST_CASE("a create stands as all of its actions together") {
    CHECK(word({}).standing == Standing::unknown);
    CHECK(word({action("1", State::succeeded)}).standing == Standing::unknown);
    CHECK(word({action("1", State::succeeded), action("2", State::unknown)}).standing ==
          Standing::unknown);
    CHECK(word({action("1", State::succeeded), action("2", State::succeeded)}).standing ==
          Standing::succeeded);
    const auto running = word({action("2", State::running, 20), action("1", State::succeeded)});
    CHECK(running.standing == Standing::running);
    CHECK(running.progress_percent == 60);
    CHECK(word({action("1", State::running, 7'000)}).progress_percent == 50);
    // Of others nobody asked.
    CHECK(word({action("3", State::failed)}).standing == Standing::unknown);
    auto broken = action("2", State::failed);
    broken.error.code = "resource_unavailable";
    const auto failed = word({action("1", State::running), broken});
    CHECK(failed.standing == Standing::failed);
    CHECK(failed.error.code == "resource_unavailable");
    CHECK(core::word_of({}, {}).standing == Standing::unknown);
}

TEST_CASE("a word survives its text, and nonsense says nothing") {
    CreateWord failed{.standing = Standing::failed};
    failed.error.kind = base::ErrorKind::quota_exceeded;
    failed.error.code = "resource_limit_exceeded";
    failed.error.message = "no \"more\"";
    failed.error.next_action = "Ask.";
    const auto back = core::parse_create_word(core::to_text(failed));
    CHECK(back.standing == Standing::failed);
    CHECK(back.error.kind == failed.error.kind);
    CHECK(back.error.code == failed.error.code);
    CHECK(back.error.message == failed.error.message);
    CHECK(back.error.next_action == failed.error.next_action);
    CHECK(back.error.effect == base::Effect::none);
    const CreateWord running{.standing = Standing::running, .progress_percent = 40};
    CHECK(core::parse_create_word(core::to_text(running)).progress_percent == 40);
    CHECK(core::to_text(CreateWord{.standing = Standing::succeeded}).empty());
    for (const auto* nonsense : {"", "{", "[]", "7", R"({"standing":"odd"})"}) {
        CHECK(core::parse_create_word(nonsense).standing == Standing::unknown);
    }
    CHECK(core::progress_words(running, "hetzner") == " (40 % done at hetzner)");
    CHECK(core::progress_words(failed, "hetzner").empty());
}

TEST_CASE("nobody worries before twice the usual time of a boot") {
    CHECK(core::expected_boot(std::nullopt, 45s) == 45s);
    CHECK(core::expected_boot(30s, 45s) == 60s);
    CHECK(core::expected_boot(2s, 45s) == 20s);
    CHECK(core::expected_boot(10min, 45s) == 5min);
    CHECK(core::expected_boot(2s, 5s) == 5s);
}

TEST_CASE("only creates that overrun are asked for, and each again after a while") {
    auto one = create("1");
    CHECK(asked({one}, start + 30s).empty());
    CHECK(asked({one}, start + 31s) == "1");
    one.asked_at = start + 31s;
    CHECK(asked({one}, start + 45s).empty());
    CHECK(asked({one}, start + 46s) == "1");
    // A create whose answer was lost has no action that could be asked for.
    one.actions = 0;
    CHECK(asked({one}, start + 1h).empty());
}

TEST_CASE("of too many creates those are asked for that waited longest, and all in turn") {
    std::vector<core::BootingCreate> booting{create("1", 3s), create("2"), create("3", 2s)};
    CHECK(asked(booting, start + 1min, 5) == "23");
    booting[1].asked_at = booting[2].asked_at = start + 1min;
    CHECK(asked(booting, start + 61s, 5) == "1");
    booting[0].asked_at = start + 61s;
    CHECK(asked(booting, start + 80s, 4) == "23");
    CHECK(asked(booting, start + 80s, 0).empty());
}
