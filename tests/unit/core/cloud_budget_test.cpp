#include "core/cloud_budget.hpp"

#include <limits>

#include "support/catch.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using core::BudgetState;
using core::Urgency;

namespace {

base::TimePoint at(std::chrono::milliseconds since) {
    return base::parse_time("2026-11-21T10:00:00Z").value() + since;
}

/// A project's budget and what was taken from it.
struct Project {
    core::BudgetPolicy policy;
    BudgetState state;

    core::BudgetAnswer take(Urgency urgency, std::chrono::milliseconds when, bool creates = false) {
        auto answer =
            core::take_request(policy, state, {.urgency = urgency, .creates = creates}, at(when));
        state = answer.state;
        return answer;
    }
    void heard(core::BudgetReport report, std::chrono::milliseconds when) {
        state = core::after_answer(policy, state, report, at(when));
    }
    int take_all(Urgency urgency, std::chrono::milliseconds when) {
        int granted = 0;
        while (take(urgency, when).granted) ++granted;
        return granted;
    }
};

Project hetzner() { return {.policy = core::usual_budget("hetzner"), .state = {}}; }
Project digitalocean() { return {.policy = core::usual_budget("digitalocean"), .state = {}}; }

}  // namespace

TEST_CASE("the last requests of a budget are for deletes, then creates, then polls") {
    auto project = hetzner();
    CHECK(project.take_all(Urgency::sweep, 0ms) == 3500);
    CHECK(project.take_all(Urgency::poll, 0ms) == 80);
    CHECK(project.take_all(Urgency::creation, 0ms) == 10);
    CHECK(project.take_all(Urgency::removal, 0ms) == 10);
    CHECK_FALSE(project.take(Urgency::removal, 0ms).granted);
}

TEST_CASE("Hetzner's bucket refills one a second and never beyond its size") {
    auto project = hetzner();
    (void)project.take_all(Urgency::removal, 0ms);
    CHECK(project.take_all(Urgency::removal, 5s) == 5);
    // The second that asks in vain, after the one that ended the loop.
    CHECK(project.take(Urgency::removal, 5s).wait == 2s);
    CHECK(project.take_all(Urgency::removal, 24h) == 3600);
}

TEST_CASE("no stretch of a minute holds more requests than DigitalOcean takes") {
    auto project = digitalocean();
    std::vector<std::chrono::milliseconds> sent;
    for (auto now = 0ms; now < 10min; now += 500ms) {
        while (project.take(Urgency::removal, now).granted) sent.push_back(now);
    }
    std::size_t first = 0;
    for (std::size_t last = 0; last < sent.size(); ++last) {
        while (sent[last] - sent[first] >= 60s) ++first;
        REQUIRE(last - first + 1 <= 250);
    }
    // And most of what may be sent is.
    CHECK(sent.size() >= 9 * 230);
}

TEST_CASE("no hour holds more requests than DigitalOcean takes") {
    auto project = digitalocean();
    int sent = 0;
    for (auto now = 0s; now < 1h; now += 10s) sent += project.take_all(Urgency::removal, now);
    CHECK(sent == 5000);
    CHECK_FALSE(project.take(Urgency::removal, 1h).granted);
}

TEST_CASE("who has to wait is told when, each a time of its own") {
    auto project = hetzner();
    (void)project.take_all(Urgency::removal, 0ms);
    CHECK(project.take(Urgency::removal, 0ms).wait > 1s);
    const auto first = project.take(Urgency::creation, 0ms).wait;
    const auto second = project.take(Urgency::creation, 0ms).wait;
    const auto third = project.take(Urgency::creation, 0ms).wait;
    CHECK(first == 11s);
    CHECK(second == 12s);
    CHECK(third == 13s);
    CHECK(project.take(Urgency::creation, first).granted);
}

TEST_CASE("the provider's own count corrects ours downwards") {
    auto project = hetzner();
    CHECK(project.take(Urgency::poll, 0ms).granted);
    project.heard({.limit = 3600, .remaining = 12}, 0ms);
    CHECK(core::left_of(project.policy, project.state, at(0ms)) == std::vector<long>{12});
    // An answer that was overtaken by others says nothing new.
    project.heard({.limit = 3600, .remaining = 3000}, 0ms);
    CHECK(core::left_of(project.policy, project.state, at(0ms)) == std::vector<long>{12});
    auto other = digitalocean();
    CHECK(other.take(Urgency::poll, 0ms).granted);
    other.heard({.limit = 5000, .remaining = 100}, 0ms);
    CHECK(core::left_of(other.policy, other.state, at(0ms)) == std::vector<long>{100, 249});
}

TEST_CASE("a project with another limit is believed") {
    auto project = hetzner();
    project.heard({.limit = 60, .remaining = 59}, 0ms);
    CHECK(project.take_all(Urgency::removal, 0ms) == 59);
    // One a minute.
    CHECK(project.take_all(Urgency::removal, 2min) == 2);
    project.heard({.limit = 7200, .remaining = 7000}, 2min);
    CHECK(core::left_of(project.policy, project.state, at(2min)) == std::vector<long>{7000});
}

TEST_CASE("a limit that shrinks in its window leaves what the provider says") {
    auto project = digitalocean();
    project.heard({.limit = 5000, .remaining = 3000}, 0ms);
    project.heard({.limit = 500, .remaining = 20}, 1s);
    CHECK(core::left_of(project.policy, project.state, at(1s)).front() == 20);
    CHECK(project.take_all(Urgency::removal, 1s) == 20);
    project.heard({.limit = 5000, .remaining = 4000}, 2s);
    CHECK(core::left_of(project.policy, project.state, at(2s)).front() == 4000);
}

TEST_CASE("a limit that no provider has changes nothing") {
    auto project = hetzner();
    CHECK(project.take(Urgency::poll, 0ms).granted);
    const auto most = std::numeric_limits<long>::max();
    project.heard({.limit = most, .remaining = most}, 0ms);
    project.heard({.limit = 0, .remaining = 0}, 0ms);
    project.heard({.limit = 3600, .remaining = most}, 0ms);
    CHECK(core::left_of(project.policy, project.state, at(0ms)) == std::vector<long>{3599});
}

TEST_CASE("after a 429 nothing is sent for a while that doubles with each of them") {
    auto project = hetzner();
    project.heard({.refused = true}, 0ms);
    CHECK(project.take(Urgency::removal, 0ms).wait == 1s);
    CHECK(project.take(Urgency::removal, 1s).granted);
    project.heard({.refused = true}, 1s);
    CHECK_FALSE(project.take(Urgency::removal, 2s).granted);
    CHECK(project.take(Urgency::removal, 3s).granted);
    auto now = 3s;
    for (int i = 0; i < 20; ++i) {
        project.heard({.refused = true}, now);
        now += 60s;
    }
    CHECK(project.take(Urgency::removal, now).granted);
    CHECK(project.state.refused_by_provider == 22);
    project.heard({}, now);
    project.heard({.refused = true, .retry_after = 30s}, now);
    CHECK_FALSE(project.take(Urgency::removal, now + 29s).granted);
    CHECK(project.take(Urgency::removal, now + 30s).granted);
}

TEST_CASE("seven refusals of requests that were under way together pause one second") {
    auto project = hetzner();
    for (int i = 0; i < 7; ++i) project.heard({.refused = true}, 10ms * i);
    CHECK(project.state.refused_by_provider == 7);
    CHECK_FALSE(project.take(Urgency::removal, 999ms).granted);
    const auto next = project.take(Urgency::removal, 1s);
    CHECK(next.granted);
    CHECK(next.after_refusal);
    // A success that was sent before the pause does not end the doubling, nor does a lost answer.
    project.heard({.lost = true}, 1s);
    project.heard({.refused = true}, 1s);
    project.heard({}, 2s);
    CHECK_FALSE(project.take(Urgency::removal, 2900ms).granted);
    CHECK(project.take(Urgency::removal, 3s).granted);
    project.heard({}, 3s);
    CHECK_FALSE(project.take(Urgency::removal, 3s).after_refusal);
}

TEST_CASE("a plain success after a refusal is news, and ends the doubling") {
    const core::BudgetBelief after{.left = 10, .limit = 3600, .after_refusal = true};
    CHECK(core::is_news({.limit = 3600, .remaining = 10}, after));
    CHECK_FALSE(core::is_news({.lost = true}, after));
}

TEST_CASE("an asker that does not wait delays nobody") {
    auto project = hetzner();
    (void)project.take_all(Urgency::removal, 0ms);
    for (int i = 0; i < 100; ++i) {
        auto answer =
            core::take_request(project.policy, project.state,
                               {.urgency = Urgency::removal, .comes_back = false}, at(0ms));
        project.state = answer.state;
        CHECK(answer.wait <= 2s);
    }
    CHECK(project.take(Urgency::removal, 0ms).wait <= 2s);
}

TEST_CASE("nobody is told to wait for longer than ten minutes, whoever comes back") {
    auto project = digitalocean();
    project.heard({.limit = 5000, .remaining = 0}, 0ms);
    for (const bool comes_back : {false, true, true}) {
        auto answer =
            core::take_request(project.policy, project.state,
                               {.urgency = Urgency::poll, .comes_back = comes_back}, at(0ms));
        project.state = answer.state;
        CHECK_FALSE(answer.granted);
        CHECK(answer.wait == 10min);
    }
}

TEST_CASE("only so many creates are under way, and one whose process died ends by itself") {
    auto project = hetzner();
    project.policy.creates_at_once = 2;
    const auto first = project.take(Urgency::creation, 0ms, true);
    CHECK(project.take(Urgency::creation, 0ms, true).granted);
    const auto refused = project.take(Urgency::creation, 0ms, true);
    CHECK_FALSE(refused.granted);
    CHECK(refused.why == "2 creates are under way already");
    CHECK(project.take(Urgency::removal, 0ms).granted);
    project.heard({.create = first.create}, 100ms);
    CHECK(project.take(Urgency::creation, 100ms, true).granted);
    CHECK_FALSE(project.take(Urgency::creation, 119s, true).granted);
    CHECK(project.take(Urgency::creation, 121s, true).granted);
}

TEST_CASE("a clock that was set back refills nothing and takes nothing") {
    auto project = hetzner();
    CHECK(project.take(Urgency::poll, 1h).granted);
    CHECK(project.take(Urgency::poll, 0ms).granted);
    CHECK(core::left_of(project.policy, project.state, at(0ms)) == std::vector<long>{3598});
}

TEST_CASE("only what differs is worth a write") {
    const core::BudgetBelief believed{.left = 3003, .limit = 3600};
    CHECK_FALSE(core::is_news({.limit = 3600, .remaining = 3000}, believed));
    CHECK(core::is_news({.limit = 3600, .remaining = 2000}, believed));
    CHECK(core::is_news({.limit = 60, .remaining = 59}, believed));
    CHECK(core::is_news({.refused = true}, believed));
    CHECK(core::is_news({.create = 7}, believed));
}
