#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "e2e/crash_matrix/crash_matrix.hpp"
#include "support/catch.hpp"

// Each point alone, on a deployment that nothing else happens to: the walk dies so often that a
// process seldom gets far, these go on undisturbed from one death.
namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using core::OperationKind;
using e2e::CrashMatrix;
using e2e::skip_without_hosts;
using std::chrono::steady_clock;

std::chrono::minutes time_to_spend() {
    const char* minutes = std::getenv("HATCHERY_CRASH_MATRIX_MINUTES");
    return std::chrono::minutes(minutes == nullptr ? 20 : std::atoi(minutes));
}

/// The points that an undisturbed operation passes, in their order, without those of the engine's
/// own threads.
std::vector<std::string> points_of(CrashMatrix& matrix, const CrashMatrix::Bot& bot,
                                   OperationKind kind) {
    const auto operation = matrix.begin(bot, kind);
    auto points = matrix.run_and_log(operation, 60s);
    REQUIRE(matrix.state_of(operation) == "succeeded");
    std::erase_if(points, [](const std::string& point) { return point.starts_with("engine/"); });
    return points;
}

}  // namespace

TEST_CASE("a death at any one point of a deploy, stop, start and destroy changes nothing") {
    if (skip_without_hosts()) return;
    CrashMatrix matrix("each point alone");
    const auto bot = matrix.make_bot("Lonely bot");
    const std::vector kinds{OperationKind::deploy, OperationKind::stop, OperationKind::start,
                            OperationKind::destroy};
    std::vector<std::vector<std::string>> points;
    for (const auto kind : kinds) points.push_back(points_of(matrix, bot, kind));
    std::size_t rounds = 0;
    for (const auto& list : points) rounds = std::max(rounds, list.size());

    // Each round is a life of a bot with one death in each of its operations.
    const auto until = steady_clock::now() + time_to_spend();
    std::size_t deaths = 0;
    std::size_t round = 0;
    for (; round < rounds && steady_clock::now() < until; ++round) {
        const auto mortal = matrix.make_bot(fmt::format("Mortal bot {}", round));
        for (std::size_t k = 0; k < kinds.size(); ++k) {
            const auto operation = matrix.begin(mortal, kinds[k]);
            // The longest list sets the rounds; of the others the points come again.
            const auto& point = points[k][round % points[k].size()];
            INFO(base::to_text(kinds[k]) << " dies at " << point);
            if (matrix.die_at(operation, point, 60s)) ++deaths;
            if (!matrix.ended(operation)) matrix.run_to_end(operation, 60s);
            REQUIRE(matrix.state_of(operation) == "succeeded");
            matrix.note_secrets(mortal);
            matrix.check(mortal);
        }
        matrix.check_no_server();
    }
    std::cout << fmt::format("{} deaths in {} of {} rounds\n", deaths, round, rounds);
    REQUIRE(deaths > 0);
}
