#include <algorithm>

#include "base/json_value.hpp"
#include "core/line.hpp"
#include "core/requirements.hpp"
#include "store_under_test.hpp"

namespace hatchery::contract {

namespace {

struct Match {
    const char* requirements;
    const char* capabilities;
    bool met;
};

/// One table for the C++ and the SQL.
const std::vector<Match> matches{
    {R"({})", R"({})", true},
    {R"({"provider":"hetzner"})", R"({"provider":"hetzner"})", true},
    {R"({"provider":"hetzner"})", R"({"provider":["digitalocean","hetzner"]})", true},
    {R"({"provider":"hetzner"})", R"({"provider":"digitalocean"})", false},
    {R"({"provider":"hetzner"})", R"({})", false},
    {R"({"region":["fsn1","nbg1"]})", R"({"region":"nbg1"})", true},
    {R"({"region":["fsn1","nbg1"]})", R"({"region":["hel1","fsn1"]})", true},
    {R"({"region":["fsn1","nbg1"]})", R"({"region":"hel1"})", false},
    {R"({"cpus":{"min":4}})", R"({"cpus":4})", true},
    {R"({"cpus":{"min":4}})", R"({"cpus":3.5})", false},
    {R"({"cpus":{"min":4}})", R"({"cpus":"8"})", false},
    {R"({"cpus":{"min":4}})", R"({})", false},
    {R"({"cpus":8})", R"({"cpus":8.0})", true},
    {R"({"isolation":true})", R"({"isolation":true})", true},
    {R"({"isolation":true})", R"({"isolation":false})", false},
    {R"({"isolation":true})", R"({"isolation":"true"})", false},
    {R"({"a":"x","b":{"min":1}})", R"({"a":"x","b":2,"c":3})", true},
    {R"({"a":"x","b":{"min":1}})", R"({"a":"x"})", false},
};

}  // namespace

TEST_CASE("a claim takes only jobs whose requirements the worker meets") {
    const auto store = make_store(backends());
    for (const auto& match : matches) {
        INFO(match.requirements << " for " << match.capabilities);
        REQUIRE(core::requirements_met(*base::parse_json(match.requirements),
                                       *base::parse_json(match.capabilities)) == match.met);
        auto request = deploy_of(store->add_bot());
        request.requirements = match.requirements;
        REQUIRE(store->jobs().start_operation(request));
        auto claim = claim_at(at(0));
        claim.capabilities = match.capabilities;
        const auto claimed = store->jobs().claim(claim).value();
        CHECK(claimed.size() == (match.met ? 1U : 0U));
        if (claimed.empty()) {
            // Out of the way of the next match: some worker can do everything.
            claim.capabilities =
                R"({"provider":"hetzner","region":"fsn1","cpus":4,"isolation":true,"a":"x","b":1})";
            REQUIRE(store->jobs().claim(claim).value().size() == 1);
        }
    }
}

TEST_CASE("a job that the worker may not run is no reason for it to wake") {
    const auto store = make_store(backends());
    auto elsewhere = deploy_of(store->add_bot());
    elsewhere.requirements = R"({"region": "mars"})";
    REQUIRE(store->jobs().start_operation(elsewhere));
    CHECK_FALSE(store->jobs().next_due("{}").value().has_value());
    CHECK(store->jobs().next_due(R"({"region":"mars"})").value() == at(0));

    auto later = deploy_of(store->add_bot());
    later.now = at(7'000);
    REQUIRE(store->jobs().start_operation(later));
    CHECK(store->jobs().next_due("{}").value() == at(7'000));
}

TEST_CASE("the next step of an operation keeps its requirements and its priority") {
    const auto store = make_store(backends());
    auto request = deploy_of(store->add_bot(), 3);
    request.requirements = R"({"provider": "hetzner"})";
    REQUIRE(store->jobs().start_operation(request));
    auto claim = claim_at(at(0));
    claim.capabilities = R"({"provider":"hetzner"})";
    const auto claimed = store->jobs().claim(claim).value();
    REQUIRE(claimed.size() == 1);
    REQUIRE(
        store->jobs()
            .apply(claimed[0], {.now = at(1), .next_step = core::StepKind::install_dependencies})
            .value()
            .accepted);
    CHECK(store->jobs().claim(claim_at(at(2))).value().empty());
    claim.now = at(2);
    const auto next = store->jobs().claim(claim).value();
    REQUIRE(next.size() == 1);
    CHECK(next[0].job.priority == 3);
}

TEST_CASE("a hundred jobs of one user do not starve another user's one") {
    const auto store = make_store(backends());
    const auto greedy = store->add_bot();
    for (int i = 0; i < 100; ++i) {
        auto request = deploy_of(store->add_bot());
        request.user_id = greedy.user_id;
        request.now = at(i);
        REQUIRE(store->jobs().start_operation(request));
    }
    const auto modest = store->add_bot();
    auto request = deploy_of(modest);
    request.now = at(1'000);
    REQUIRE(store->jobs().start_operation(request));
    const auto claimed = store->jobs().claim(claim_at(at(1'000), 2)).value();
    REQUIRE(claimed.size() == 2);
    CHECK(claimed[1].job.bot_id == modest.id);
    // And still everybody's turn comes: the order never keeps a job from an idle worker.
    CHECK(store->jobs().claim(claim_at(at(1'000), 200)).value().size() == 99);
}

TEST_CASE("a user who has nothing in line stands where he came") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    CHECK(claimed.job.queue_at == at(0));
    auto second = deploy_of(store->add_bot());
    second.user_id = bot.user_id;
    second.now = at(50);
    REQUIRE(store->jobs().start_operation(second));
    auto third = deploy_of(store->add_bot());
    third.user_id = bot.user_id;
    third.now = at(60);
    REQUIRE(store->jobs().start_operation(third));
    const auto later = store->jobs().claim(claim_at(at(60), 2)).value();
    REQUIRE(later.size() == 2);
    CHECK(later[0].job.queue_at == at(50));
    CHECK(later[1].job.queue_at == core::place_in_line(at(60), at(50)));
}

TEST_CASE("completions are written together, and none for the sake of another") {
    const auto store = make_store(backends());
    for (int i = 0; i < 5; ++i) REQUIRE(store->jobs().start_operation(deploy_of(store->add_bot())));
    auto claimed = store->jobs().claim(claim_at(at(0), 5)).value();
    REQUIRE(claimed.size() == 5);
    // The second one's lease is lost before the batch is written.
    REQUIRE(store->jobs().give_back({&claimed[1].lease, 1}, at(1)));
    std::vector<ports::Completion> batch;
    for (std::size_t i = 0; i < claimed.size(); ++i) {
        ports::Transition to{.now = at(10), .message = "done " + std::to_string(i)};
        to.next_step = core::StepKind::install_dependencies;
        to.keep_next = i % 2 == 0;
        for (std::size_t n = 0; n <= i; ++n) to.events.push_back(line("line"));
        if (i == 3) {
            to = {.now = at(10), .job_state = core::JobState::failed};
            to.operation_end = core::OperationState::failed;
            to.operation_error = base::Error{.kind = base::ErrorKind::invalid, .message = "broken"};
            to.bot = {.status = core::BotStatus::failed, .reason = "broken"};
        }
        batch.push_back({.job = claimed[i], .transition = to});
    }
    const auto answers = store->jobs().apply_all(batch);
    REQUIRE(answers.size() == 5);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        INFO("completion " << i);
        REQUIRE(answers[i]);
        CHECK(answers[i]->accepted == (i != 1));
        CHECK(answers[i]->next.has_value() == (i == 0 || i == 2 || i == 4));
        const auto jobs = store->jobs_of(claimed[i].operation.id);
        const auto events = store->events_of(claimed[i].job.bot_id);
        const std::size_t told = i == 1 || i == 3 ? 0 : i + 1;
        CHECK(events.size() == 1 + told);
        CHECK(jobs.size() == (i == 1 || i == 3 ? 1U : 2U));
    }
    CHECK(answers[0]->next->operation.id == claimed[0].operation.id);
    CHECK(store->operation(claimed[3].operation.id).state == core::OperationState::failed);
    CHECK(store->operation(claimed[3].operation.id).error->message == "broken");
    CHECK(store->bot_row(claimed[3].job.bot_id).status == core::BotStatus::failed);
    // A kept next job is leased: nobody else gets it, and its holder can write.
    CHECK(store->jobs().claim(claim_at(at(11), 10)).value().size() == 1);
    CHECK(store->jobs().apply(*answers[2]->next, end_at(at(12))).value().accepted);
}

TEST_CASE("one completion that cannot be written does not hold up the others") {
    const auto store = make_store(backends());
    for (int i = 0; i < 3; ++i) REQUIRE(store->jobs().start_operation(deploy_of(store->add_bot())));
    const auto claimed = store->jobs().claim(claim_at(at(0), 3)).value();
    std::vector<ports::Completion> batch;
    for (const auto& job : claimed) batch.push_back({.job = job, .transition = end_at(at(1))});
    batch[1].transition.job_state = core::JobState::running;
    const auto answers = store->jobs().apply_all(batch);
    REQUIRE(answers.size() == 3);
    CHECK(answers[0].value().accepted);
    CHECK(answers[1].error().kind == base::ErrorKind::internal);
    CHECK(answers[2].value().accepted);
}

TEST_CASE("two transitions of one bot in a batch number their events one after the other") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto first = start_and_claim(*store, bot);
    ports::Transition end{.now = at(1), .operation_end = core::OperationState::succeeded};
    end.events = {line("one"), line("two")};
    // The same completion twice: the second finds its lease gone.
    const std::vector<ports::Completion> batch{{.job = first, .transition = end},
                                               {.job = first, .transition = end}};
    const auto answers = store->jobs().apply_all(batch);
    CHECK(answers[0].value().accepted);
    CHECK(!answers[1].value().accepted);
    CHECK(numbers(store->events_of(bot.id)) == std::vector<std::int64_t>{1, 2, 3});
}

}  // namespace hatchery::contract
