#include <thread>

#include "api/known_callers.hpp"
#include "api/rate_gate.hpp"
#include "support/catch.hpp"
#include "support/pg_cluster.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using api::RateGate;
using core::RateClass;
using Now = RateGate::Now;

namespace {

store::Principal principal(const std::string& user, const std::string& token = {}) {
    store::Principal who;
    who.user_id = base::UserId(user);
    who.token_id = base::ApiTokenId(token);
    return who;
}

core::RateLimits limits() {
    core::RateLimits limits;
    limits.read = 100;
    limits.write = 10;
    limits.sign_in = 5;
    limits.failure = 3;
    limits.service = 40;
    return limits;
}

/// Gates of several processes over one database.
struct Gates {
    std::unique_ptr<support::TestDatabase> database =
        support::PgCluster::shared().create_database();
    std::unique_ptr<store::RateBudgets> budgets = store::make_rate_budgets(database->pool());
    Now now = std::chrono::steady_clock::now();

    void run(const std::string& statement) const {
        const auto done = database->pool().run([&](store::Sql& sql) -> base::Result<void> {
            (void)sql.query(statement);
            return {};
        });
        REQUIRE(done);
    }

    /// How many of `tries` are let in.
    int let_in(RateGate& gate, int tries, RateClass what, const std::string& address,
               const store::Principal* who) const {
        int count = 0;
        for (int i = 0; i < tries; ++i) {
            if (!gate.charge(what, address, who, now).refused_for) ++count;
        }
        return count;
    }
};

/// Counts the statements, and can be out of order.
class CountingBudgets final : public store::RateBudgets {
public:
    explicit CountingBudgets(store::RateBudgets& behind) : behind_(behind) {}
    base::Result<std::vector<store::RateGrant>> take(
        std::span<const store::RateTake> takes) override {
        ++asked;
        if (broken) return base::fail(base::ErrorKind::unavailable, "away");
        return behind_.take(takes);
    }
    base::Result<std::int64_t> prune() override { return behind_.prune(); }

    std::atomic<int> asked{0};
    bool broken = false;

private:
    store::RateBudgets& behind_;
};

}  // namespace

TEST_CASE("a budget gives what it has and says when it has more") {
    Gates gates;
    const auto take = [&](int wanted) {
        const std::vector<store::RateTake> takes = {
            {.budget = "read user a", .per_minute = 60, .wanted = wanted}};
        return gates.budgets->take(takes).value().front();
    };
    auto grant = take(20);
    CHECK(grant.granted == 20);
    CHECK(grant.left == 40);
    grant = take(1000);
    CHECK(grant.granted == 40);
    CHECK(grant.left == 0);
    CHECK(grant.next_in > 0ms);
    CHECK(grant.next_in <= 1000ms);
    grant = take(1);
    CHECK(grant.granted == 0);
    // Time passes: the database's own, so the row is moved instead.
    gates.run("UPDATE rate_budgets SET full_at = full_at - interval '10 seconds'");
    grant = take(1000);
    CHECK(grant.granted == 10);
    gates.run("UPDATE rate_budgets SET full_at = now() - interval '2 minutes'");
    CHECK(gates.budgets->prune().value() == 1);
    CHECK(take(1000).granted == 60);
}

TEST_CASE("a smaller limit applies to a budget that was spent under a larger one") {
    Gates gates;
    const auto take = [&](int per_minute, int wanted) {
        const std::vector<store::RateTake> takes = {
            {.budget = "read user a", .per_minute = per_minute, .wanted = wanted}};
        return gates.budgets->take(takes).value().front().granted;
    };
    CHECK(take(1000, 500) == 500);
    CHECK(take(10, 100) == 5);
    CHECK(take(1000, 1000) == 0);
}

TEST_CASE("processes share the budgets of users, tokens and addresses") {
    Gates gates;
    RateGate first(limits(), *gates.budgets);
    RateGate second(limits(), *gates.budgets);
    const auto ada = principal("ada");
    const auto bob = principal("bob");
    int count = gates.let_in(first, 30, RateClass::read, "192.0.2.1", &ada);
    count += gates.let_in(second, 150, RateClass::read, "192.0.2.2", &ada);
    count += gates.let_in(first, 150, RateClass::read, "192.0.2.1", &ada);
    CHECK(count >= 100);
    // What has refilled meanwhile: a hundred a minute.
    CHECK(count <= 110);
    CHECK(gates.let_in(second, 1, RateClass::read, "192.0.2.1", &bob) == 1);
    // A token has half of its user's budget, and its user still has the other half.
    const auto program = principal("eve", "t1");
    const auto of_token = gates.let_in(first, 200, RateClass::read, "192.0.2.3", &program);
    CHECK(of_token >= 50);
    CHECK(of_token <= 55);
    const auto eve = principal("eve");
    CHECK(gates.let_in(second, 10, RateClass::read, "192.0.2.3", &eve) == 10);
}

TEST_CASE("one address with many users is limited too, an IPv6 customer by its network") {
    Gates gates;
    auto own = limits();
    own.address_percent = 100;
    RateGate gate(own, *gates.budgets);
    int count = 0;
    for (int i = 0; i < 40; ++i) {
        const auto who = principal("user" + std::to_string(i));
        count += gates.let_in(gate, 1, RateClass::write, "2001:db8::" + std::to_string(i), &who);
    }
    CHECK(count >= 10);
    CHECK(count <= 12);
    CHECK(gate.turned_away(RateClass::write, "2001:db8::ffff", gates.now));
    CHECK_FALSE(gate.turned_away(RateClass::write, "2001:db8:0:1::1", gates.now));
    CHECK_FALSE(gate.turned_away(RateClass::read, "2001:db8::ffff", gates.now));
}

TEST_CASE("a service has a budget of its own, and each of its customers theirs") {
    Gates gates;
    RateGate gate(limits(), *gates.budgets);
    auto customer = principal("customer", "t1");
    customer.service_user_id = base::UserId("service");
    CHECK(gates.let_in(gate, 20, RateClass::write, "192.0.2.1", &customer) <= 11);
    int others = 0;
    for (int i = 0; i < 60; ++i) {
        customer.user_id = base::UserId("customer" + std::to_string(i));
        others += gates.let_in(gate, 1, RateClass::write, "192.0.2.1", &customer);
    }
    CHECK(others >= 15);
    CHECK(others <= 32);
}

TEST_CASE("failed credentials close the door for their address, without asking the database") {
    Gates gates;
    CountingBudgets counting(*gates.budgets);
    RateGate gate(limits(), counting);
    for (int i = 0; i < 3; ++i) {
        CHECK_FALSE(gate.failed_too_often("192.0.2.1", gates.now));
        gate.note_failure("192.0.2.1", gates.now);
    }
    const int asked = counting.asked;
    for (int i = 0; i < 100; ++i) {
        const auto away = gate.failed_too_often("192.0.2.1", gates.now);
        REQUIRE(away);
        CHECK(away->problem().status == 429);
        CHECK(away->problem().retry_after_s.value() >= 1);
    }
    CHECK(counting.asked == asked);
    CHECK_FALSE(gate.failed_too_often("192.0.2.2", gates.now));
    CHECK_FALSE(gate.failed_too_often("192.0.2.1", gates.now + 60s));
    CHECK_FALSE(gate.turned_away(RateClass::read, "192.0.2.1", gates.now));
}

TEST_CASE("a refusal by a caller's own budgets is remembered, one by its address alone is not") {
    api::KnownCallers callers;
    const Now now = std::chrono::steady_clock::now();
    const auto item = [](core::RateSubject whose, bool spent, std::chrono::milliseconds next_in) {
        api::RateState::Item made{.what = RateClass::write, .whose = whose, .per_minute = 6};
        made.spent = spent;
        made.next_in = next_in;
        return made;
    };
    const api::RateState by_address{.items = {item(core::RateSubject::user, true, 10s),
                                              item(core::RateSubject::address, false, 10s)},
                                    .refused_for = 10s};
    callers.note_refused("ada", RateClass::write, by_address, now);
    CHECK_FALSE(callers.refused("ada", RateClass::write, now));
    const api::RateState by_user{.items = {item(core::RateSubject::user, false, 10s),
                                           item(core::RateSubject::address, true, 2s)},
                                 .refused_for = 10s};
    callers.note_refused("ada", RateClass::write, by_user, now);
    const auto later = callers.refused("ada", RateClass::write, now + 4s);
    REQUIRE(later);
    CHECK(later->refused_for == 6s);
    CHECK(later->problem().retry_after_s == 6);
    CHECK_FALSE(callers.refused("ada", RateClass::read, now));
    CHECK_FALSE(callers.refused("bob", RateClass::write, now));
    CHECK_FALSE(callers.refused("ada", RateClass::write, now + 10s));
}

TEST_CASE("a busy caller costs about one statement a second, an empty budget none") {
    Gates gates;
    CountingBudgets counting(*gates.budgets);
    core::RateLimits wide;
    wide.read = 1'000'000;
    RateGate gate(wide, counting);
    const auto ada = principal("ada");
    Now now = gates.now;
    for (int i = 0; i < 100'000; ++i) {
        now += 100us;
        REQUIRE_FALSE(gate.charge(RateClass::read, "192.0.2.1", &ada, now).refused_for);
    }
    // Ten seconds of ten thousand a second, two budgets in one statement.
    CHECK(counting.asked < 60);
    counting.asked = 0;
    RateGate narrow(limits(), counting);
    CHECK(gates.let_in(narrow, 10'000, RateClass::sign_in, "192.0.2.9", nullptr) == 5);
    CHECK(counting.asked <= 6);
}

TEST_CASE("threads at once get no more than there is and nobody is refused too early") {
    Gates gates;
    RateGate gate(limits(), *gates.budgets);
    const auto ada = principal("ada");
    std::atomic<int> let_in{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back(
                [&] { let_in += gates.let_in(gate, 30, RateClass::read, "192.0.2.1", &ada); });
        }
    }
    CHECK(let_in >= 100);
    CHECK(let_in <= 110);
}

TEST_CASE("a database that does not answer lets everybody in") {
    Gates gates;
    CountingBudgets counting(*gates.budgets);
    counting.broken = true;
    RateGate gate(limits(), counting);
    CHECK(gates.let_in(gate, 50, RateClass::sign_in, "192.0.2.1", nullptr) == 50);
    counting.broken = false;
    CHECK(gates.let_in(gate, 50, RateClass::sign_in, "192.0.2.1", nullptr) == 5);
}

TEST_CASE("without a limit nothing is asked and nothing is said") {
    Gates gates;
    CountingBudgets counting(*gates.budgets);
    RateGate gate({}, counting);
    const auto ada = principal("ada", "t1");
    const auto state = gate.charge(RateClass::write, "192.0.2.1", &ada, gates.now);
    CHECK(state.headers().empty());
    CHECK(counting.asked == 0);
    CHECK(gate.held() == 0);
}

TEST_CASE("every route has the class of what it costs") {
    const auto class_of = [](std::string_view method, std::string_view pattern) {
        return api::rate_class_of(api::find_rule(method, pattern).value());
    };
    CHECK(class_of("GET", "/healthz") == RateClass::none);
    CHECK(class_of("GET", "/metrics") == RateClass::none);
    CHECK(class_of("POST", "/hooks/telegram/:publicId") == RateClass::none);
    CHECK(class_of("GET", "/openapi.json") == RateClass::read);
    CHECK(class_of("GET", "/api/auth/google") == RateClass::sign_in);
    CHECK(class_of("GET", "/api/auth/callback/google") == RateClass::sign_in);
    CHECK(class_of("GET", "/api/auth/session") == RateClass::read);
    CHECK(class_of("GET", "/api/auth/options") == RateClass::read);
    CHECK(class_of("POST", "/api/auth/tokens") == RateClass::write);
    CHECK(class_of("POST", "/api/telegram/verify-token") == RateClass::verify);
    CHECK(class_of("POST", "/api/bots/create") == RateClass::outside);
    CHECK(class_of("GET", "/api/bots") == RateClass::read);
    CHECK(class_of("POST", "/api/deploy") == RateClass::write);
    CHECK(class_of("GET", "/api/deploy/:botId/events") == RateClass::stream);
    for (const auto& rule : api::access_rules()) {
        INFO(rule.method << " " << rule.pattern);
        const bool open_door = rule.door == api::Door::operator_only ||
                               rule.pattern.starts_with("/hooks/") || rule.pattern.ends_with("z");
        CHECK((api::rate_class_of(rule) == RateClass::none) == open_door);
    }
}
