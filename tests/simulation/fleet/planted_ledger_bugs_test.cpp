#include "simulation/fleet/planted.hpp"
#include "support/catch.hpp"

// Bugs of what is kept about provider projects, for the simulation to find.

namespace {

using namespace hatchery;
using namespace hatchery::simulation;
using Catch::Matchers::Contains;
using support::FakeDatabase;

/// A ledger that passes everything on; a planted bug changes one call.
class PassingLedger : public ports::CloudLedger {
public:
    explicit PassingLedger(ports::CloudLedger& inner) : inner_(inner) {}
    base::Result<std::optional<core::Subscription>> subscription_of(
        const base::BotId& bot) override {
        return inner_.subscription_of(bot);
    }
    base::Result<ports::CreateAllowance> intend_create(const ports::Lease& lease,
                                                       const base::ServerId& server,
                                                       const ports::CreateIntent& intent) override {
        return inner_.intend_create(lease, server, intent);
    }
    base::Result<std::size_t> count_known(const std::vector<std::string>& servers) override {
        return inner_.count_known(servers);
    }
    base::Result<std::map<std::string, std::int64_t>> servers_billed() override {
        return inner_.servers_billed();
    }
    base::Result<std::optional<std::string>> project_mark(const std::string& provider) override {
        return inner_.project_mark(provider);
    }
    base::Result<void> keep_project_mark(const std::string& provider, const std::string& mark,
                                         base::TimePoint now) override {
        return inner_.keep_project_mark(provider, mark, now);
    }
    base::Result<bool> server_vanished(const base::ServerId& server, const std::string& reason,
                                       base::TimePoint now) override {
        return inner_.server_vanished(server, reason, now);
    }
    base::Result<void> tell(const base::BotId& bot, const std::string& message,
                            core::EventLevel level, base::TimePoint now) override {
        return inner_.tell(bot, message, level, now);
    }
    base::Result<std::vector<ports::CostSum>> costs(ports::CostsBy by, base::TimePoint begin,
                                                    base::TimePoint end) override {
        return inner_.costs(by, begin, end);
    }
    base::Result<void> ask_for_sweep(base::TimePoint now) override {
        return inner_.ask_for_sweep(now);
    }
    base::Result<std::optional<base::TimePoint>> sweep_asked_at() override {
        return inner_.sweep_asked_at();
    }
    base::Result<void> keep_sweep(const std::string& provider, const std::string& report,
                                  base::TimePoint now) override {
        return inner_.keep_sweep(provider, report, now);
    }
    base::Result<std::vector<KeptSweep>> sweeps() override { return inner_.sweeps(); }

protected:
    ports::CloudLedger& inner_;
};

/// Allows whatever is wanted.
class GenerousLedger final : public PassingLedger {
public:
    using PassingLedger::PassingLedger;
    base::Result<ports::CreateAllowance> intend_create(const ports::Lease& lease,
                                                       const base::ServerId& server,
                                                       const ports::CreateIntent& intent) override {
        auto more = intent;
        more.ceiling = 1e9;
        return inner_.intend_create(lease, server, more);
    }
};

/// Says that it has written down what vanished.
class IdleLedger final : public PassingLedger {
public:
    using PassingLedger::PassingLedger;
    base::Result<bool> server_vanished(const base::ServerId&, const std::string&,
                                       base::TimePoint) override {
        return true;
    }
};

template <typename Ledger>
Plants ledger() {
    Plants plants;
    plants.ledger = [](ports::CloudLedger& inner, FakeDatabase&) {
        return std::make_unique<Ledger>(inner);
    };
    return plants;
}

}  // namespace

TEST_CASE("what is created above the ceiling is found") {
    REQUIRE_THAT(violation_of(ledger<GenerousLedger>(), seeds), Contains("above the ceiling"));
}

TEST_CASE("a vanished server that nobody writes down is found") {
    REQUIRE_THAT(violation_of(ledger<IdleLedger>(), seeds), Contains("put right"));
}
