#include "core/create_actions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_value.hpp"

namespace hatchery::core {

namespace {

using namespace std::chrono_literals;
using Standing = CreateWord::Standing;

/// Boots vary: nobody asks sooner, and nobody waits longer.
constexpr base::Milliseconds least_patience{20'000};
constexpr base::Milliseconds most_patience{300'000};
constexpr auto ask_again = 15s;

}  // namespace

CreateWord word_of(std::span<const std::string> ids, std::span<const CloudAction> seen) {
    CreateWord word;
    std::size_t succeeded = 0;
    int percent = 0;
    bool runs = false;
    for (const auto& id : ids) {
        const auto found = std::ranges::find(seen, id, &CloudAction::id);
        if (found == seen.end()) continue;
        switch (found->state) {
            case CloudAction::State::failed:
                word.standing = Standing::failed;
                word.error = found->error;
                return word;
            case CloudAction::State::succeeded:
                ++succeeded;
                percent += 100;
                break;
            case CloudAction::State::running:
                runs = true;
                percent += std::clamp(found->progress_percent, 0, 100);
                break;
            case CloudAction::State::unknown:
                break;
        }
    }
    if (runs) {
        word.standing = Standing::running;
        word.progress_percent = percent / static_cast<int>(ids.size());
    } else if (succeeded > 0 && succeeded == ids.size()) {
        word.standing = Standing::succeeded;
    }
    return word;
}

std::string to_text(const CreateWord& word) {
    switch (word.standing) {
        case Standing::unknown:
        case Standing::succeeded:
            break;
        case Standing::running:
            return base::dump_json({{"standing", base::to_text(word.standing)},
                                    {"progressPercent", word.progress_percent}});
        case Standing::failed:
            return base::dump_json({{"standing", base::to_text(word.standing)},
                                    {"kind", base::to_text(word.error.kind)},
                                    {"code", word.error.code},
                                    {"message", word.error.message},
                                    {"nextAction", word.error.next_action}});
    }
    return {};
}

CreateWord parse_create_word(const std::string& text) {
    CreateWord word;
    const auto said =
        text.empty() ? base::Result<base::Json>(base::Json()) : base::parse_json(text);
    if (!said || !said->is_object()) return word;
    word.standing = base::parse_enum<Standing>(base::json_string(*said, "standing"))
                        .value_or(Standing::unknown);
    word.progress_percent = static_cast<int>(base::json_int(*said, "progressPercent"));
    if (word.standing != Standing::failed) return word;
    word.error.effect = base::Effect::none;
    word.error.kind = base::parse_enum<base::ErrorKind>(base::json_string(*said, "kind"))
                          .value_or(base::ErrorKind::unavailable);
    word.error.code = base::json_string(*said, "code");
    word.error.message = base::json_string(*said, "message");
    word.error.next_action = base::json_string(*said, "nextAction");
    return word;
}

std::string progress_words(const CreateWord& word, const std::string& provider) {
    if (word.standing != Standing::running) return {};
    return fmt::format(" ({} % done at {})", word.progress_percent, provider);
}

base::Milliseconds expected_boot(std::optional<std::chrono::nanoseconds> usual,
                                 base::Milliseconds otherwise) {
    if (!usual) return otherwise;
    const auto twice = std::chrono::duration_cast<base::Milliseconds>(*usual * 2);
    return std::clamp(twice, std::min(least_patience, otherwise), most_patience);
}

std::vector<base::ServerId> creates_to_ask(std::span<const BootingCreate> booting,
                                           const AskingRules& rules, base::TimePoint now) {
    std::vector<const BootingCreate*> due;
    for (const auto& create : booting) {
        const bool overruns = now - create.since > rules.expected;
        const bool asked_lately = create.asked_at && now - *create.asked_at < ask_again;
        if (create.actions > 0 && overruns && !asked_lately) due.push_back(&create);
    }
    std::ranges::stable_sort(due, {}, [](const BootingCreate* create) {
        return std::pair(create->asked_at.value_or(base::TimePoint::min()), create->since);
    });
    std::vector<base::ServerId> chosen;
    std::size_t actions = 0;
    for (const auto* create : due) {
        if (actions + create->actions > rules.most_actions) break;
        actions += create->actions;
        chosen.push_back(create->server);
    }
    return chosen;
}

}  // namespace hatchery::core
