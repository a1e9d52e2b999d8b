#include "core/blocked_reason.hpp"

#include <vector>

#include "base/encoding.hpp"
#include "base/json_value.hpp"
#include "core/stuck.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using base::Json;

TEST_CASE("the reason names what is missing and what there is") {
    const std::vector<Json> fsn_and_hel = {{{"region", "fsn1"}, {"memoryGb", 4}},
                                           {{"region", {"hel1", "fsn1"}}, {"gpu", true}}};
    struct Row {
        Json requirements;
        const char* reason;
    };
    const Row rows[] = {
        {Json::object(), ""},
        {{{"region", "fsn1"}}, ""},
        {{{"region", "hel1"}, {"gpu", true}}, ""},
        {{{"region", "nbg1"}}, "No worker has region nbg1; workers offer: fsn1, hel1."},
        {{{"region", {"nbg1", "ash"}}},
         "No worker has region nbg1 or ash; workers offer: fsn1, hel1."},
        {{{"memoryGb", {{"min", 16}}}}, "No worker has memoryGb of at least 16; workers offer: 4."},
        {{{"isolation", "vm"}}, "No worker has isolation vm; no worker names one."},
        {{{"gpu", false}}, "No worker has gpu false; workers offer: true."},
        {{{"memoryGb", {{"min", 2}}}, {"gpu", true}},
         "No single worker has gpu true and memoryGb of at least 2."},
    };
    for (const auto& row : rows) {
        CAPTURE(base::dump_json(row.requirements));
        CHECK(core::blocked_reason(row.requirements, fsn_and_hel) == row.reason);
    }
}

TEST_CASE("without any worker the reason is that") {
    CHECK(core::blocked_reason(Json::object(), {}) == "No worker is running.");
    CHECK(core::blocked_reason({{"region", "fsn1"}}, {}) == "No worker is running.");
}

TEST_CASE("a long list of offers is cut") {
    std::vector<Json> many;
    for (int i = 0; i < 30; ++i) many.push_back({{"region", "r" + std::to_string(100 + i)}});
    const auto reason = core::blocked_reason({{"region", "x"}}, many);
    CHECK(reason.find("r100, ") != std::string::npos);
    CHECK(reason.ends_with("r109, …."));
}

TEST_CASE("a reason stays short, whatever is asked for") {
    Json choices = Json::array();
    for (int i = 0; i < 1'000; ++i) choices.push_back("choice-" + std::to_string(i));
    const std::vector<Json> offers = {{{"region", "fsn1"}}};
    const auto of_many = core::blocked_reason({{"region", choices}}, offers);
    CHECK(of_many.size() <= 500);
    CHECK(of_many.ends_with("choice-9 or …; workers offer: fsn1."));

    std::string umlauts;
    for (int i = 0; i < 1'000; ++i) umlauts += "ü";
    const auto of_long = core::blocked_reason({{"region", umlauts}}, offers);
    CHECK(of_long.size() <= 500);
    CHECK(base::is_utf8(of_long));

    Json wide = Json::object();
    Json offered = Json::object();
    for (int i = 0; i < 16; ++i) {
        const auto name = std::string(60, 'n') + std::to_string(i);
        wide[name] = true;
        offered[name] = Json::array({true, false});
    }
    const std::vector<Json> halves = {offered, {{"other", true}}};
    wide["other"] = true;
    const auto of_wide = core::blocked_reason(wide, halves);
    CHECK(of_wide.starts_with("No single worker has "));
    CHECK(of_wide.size() <= 500);
}

TEST_CASE("every reason of being stuck is one sentence of cause and one of what to do") {
    const base::TimePoint now{std::chrono::hours(24 * 20'000)};
    for (const auto& [reason, name] : base::EnumNames<core::StuckReason>::names) {
        CAPTURE(name);
        const auto text = core::describe({.reason = reason,
                                          .now = now,
                                          .deadline_at = now - 90s,
                                          .step = core::StepKind::start_bot,
                                          .run_at = now - 400s,
                                          .lease_until = now - 60s,
                                          .worker_id = "w1",
                                          .blocked_reason = "No worker is running."});
        CHECK(text.cause.ends_with('.'));
        CHECK(text.next_action.ends_with('.'));
    }
    CHECK(core::describe(
              {.reason = core::StuckReason::past_deadline, .now = now, .deadline_at = now - 90s})
              .cause == "It passed its deadline 1 min 30 s ago and has not ended.");
}
