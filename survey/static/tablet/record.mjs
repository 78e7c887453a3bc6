// What is recorded of one person, before it is sealed: the shape that survey/domain/record.py reads.

const FORMAT = 1;

// What the record says of where, when and by whom comes from the duty; what came of the person from `outcome`:
// {id, sequence, passed, language, finish, started, ended (dates) and, where there are any, questionnaire (the one that
// was shown), answers, reason, observed, handedOver, elapsed, interruptions, timings, place}.
export function recordOf({ assignment, turn, offset }, outcome) {
  const { point } = assignment;
  const questionnaire = outcome.questionnaire ?? assignment.questionnaire;
  return {
    format: FORMAT,
    id: outcome.id,
    point: point.code,
    questionnaire: { code: questionnaire.code, version: questionnaire.version },
    language: outcome.language,
    finish: outcome.finish,
    answers: outcome.answers ?? {},
    reason: outcome.reason ?? null,
    observed: outcome.observed ?? {},
    assignment: assignment.id,
    turn: turn.id,
    volunteer: turn.volunteer,
    sequence: outcome.sequence,
    passed: outcome.passed,
    handed_over: outcome.handedOver ?? false,
    started: outcome.started.toISOString(),
    ended: outcome.ended.toISOString(),
    elapsed_ms: outcome.elapsed ?? 0,
    interruptions: outcome.interruptions ?? 0,
    clock_offset_ms: offset,
    timings: outcome.timings ?? {},
    place: outcome.place ?? null,
  };
}
