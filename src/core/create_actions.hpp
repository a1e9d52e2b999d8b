#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/enum_text.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"

namespace hatchery::core {

/// One of the provider's asynchronous tasks, as it tells of it.
struct CloudAction {
    enum class State : std::uint8_t {
        running,
        succeeded,
        failed,
        unknown,  ///< a word that we do not know
    };
    std::string id;
    State state = State::unknown;
    /// While it runs, as far as the provider says it.
    int progress_percent = 0;
    /// Of a failed one, with the provider's code and words. Its effect is `none`: what was to be
    /// made is of no use, and is not what was asked for.
    base::Error error = {};
};

/// What a provider's actions say of a create which it took.
struct CreateWord {
    enum class Standing : std::uint8_t {
        unknown,    ///< nobody asked, or it does not say
        running,    ///< it is at it
        succeeded,  ///< it did all it had to; whether the server is up, the list tells
        failed,     ///< there will be no server
    };
    Standing standing = Standing::unknown;
    /// While it runs.
    int progress_percent = 0;
    /// Of a failed one.
    base::Error error = {};
};

/// What a create's actions say together: one that failed fails it, and only all of them make it a
/// success. Actions of others are passed over. Pure.
[[nodiscard]] CreateWord word_of(std::span<const std::string> ids,
                                 std::span<const CloudAction> seen);

/// The word as text, and back. What is worth keeping is a create that runs or has failed: the text
/// of everything else is empty, and a text that makes no sense says nothing.
[[nodiscard]] std::string to_text(const CreateWord& word);
[[nodiscard]] CreateWord parse_create_word(const std::string& text);

/// ` (40 % done at hetzner)`, what a user may read beside that a server boots; empty when there is
/// nothing to say.
[[nodiscard]] std::string progress_words(const CreateWord& word, const std::string& provider);

/// How long a server may boot before its provider is asked what it does. `usual` is how long they
/// took of late: nobody worries before twice that time.
[[nodiscard]] base::Milliseconds expected_boot(std::optional<std::chrono::nanoseconds> usual,
                                               base::Milliseconds otherwise);

/// A create that the provider took, and whose server is not up.
struct BootingCreate {
    base::ServerId server;
    /// How many actions it has.
    std::size_t actions = 0;
    base::TimePoint since;
    std::optional<base::TimePoint> asked_at;
};

struct AskingRules {
    base::Milliseconds expected;
    /// No round asks for more actions.
    std::size_t most_actions = 0;
};

/// The creates whose actions to ask for now: those that overrun, each a few times a minute at most,
/// and of too many those which nobody asked for the longest. None as long as all boots go as they
/// should. Pure.
[[nodiscard]] std::vector<base::ServerId> creates_to_ask(std::span<const BootingCreate> booting,
                                                         const AskingRules& rules,
                                                         base::TimePoint now);

}  // namespace hatchery::core

template <>
struct hatchery::base::EnumNames<hatchery::core::CreateWord::Standing> {
    using E = hatchery::core::CreateWord::Standing;
    static constexpr auto names =
        std::to_array<std::pair<E, std::string_view>>({{E::unknown, "unknown"},
                                                       {E::running, "running"},
                                                       {E::succeeded, "succeeded"},
                                                       {E::failed, "failed"}});
};
