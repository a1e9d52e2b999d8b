#include "engine/steps/failed_create.hpp"

#include <fmt/format.h>

#include <variant>

#include "base/json_value.hpp"
#include "engine/steps/steps.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using base::Json;
using core::StepOutcome;
using Standing = core::CreateWord::Standing;

constexpr const char* given_up_key = "given_up_create";

}  // namespace

std::optional<StepOutcome> give_up_failed_create(StepContext& context, const core::Server& server) {
    const auto& word = server.create_word;
    // Who was in it once knows better than the action.
    const bool was_reached = server.host_key_rotated || !server.next_host_key.empty();
    if (word.standing != Standing::failed || was_reached) return std::nullopt;
    const core::Place place{server.provider, server.region, server.type};
    context.progress[given_up_key] = {{"server", server.id.text()},
                                      {"provider", place.provider},
                                      {"region", place.region},
                                      {"type", place.type},
                                      {"word", core::to_text(word)}};
    // With the line it is written that the server is given up, and only then it is touched.
    auto told = context.say(
        fmt::format("server {} ({}) will never run and is deleted: {}", server.provider_server_id,
                    core::place_text(place), word.error.message),
        core::EventLevel::warning);
    if (!told) return failed(std::move(told).error());
    return context.wait(0ms, "deleting a server that the provider failed to make");
}

std::optional<GivenUpCreate> given_up_create(const StepContext& context) {
    const Json& kept = base::json_member(context.progress, given_up_key);
    if (!kept.is_object()) return std::nullopt;
    return GivenUpCreate{
        .server = base::ServerId(base::json_string(kept, "server")),
        .place = {base::json_string(kept, "provider"), base::json_string(kept, "region"),
                  base::json_string(kept, "type")},
        .why = core::parse_create_word(base::json_string(kept, "word")).error};
}

std::optional<StepOutcome> end_given_up(StepContext& context, const GivenUpCreate& given_up,
                                        std::optional<core::Server>& server) {
    if (server && server->id == given_up.server) {
        auto ended = destroy_server(context);
        if (!std::holds_alternative<core::Succeeded>(ended)) return ended;
        server.reset();
    }
    // The next server's steps count for themselves.
    for (const auto* key : {"gone_looks", "looks", "looking_since", "told_server", "asked_provider",
                            "unanswered_since", "refused_after", "refused_looks"}) {
        context.progress.erase(key);
    }
    if (core::is_about_place(given_up.why)) return std::nullopt;
    forget_given_up(context);
    return failed(given_up.why);
}

void forget_given_up(StepContext& context) { context.progress.erase(given_up_key); }

}  // namespace hatchery::engine
