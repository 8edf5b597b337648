/*
 * The judge: which of the words that an engine heard were said. An engine that is made to hear
 * ringing, music or noise invents words; these gates (pure, in this order) take them out:
 *
 *   sounds      "[BLANK_AUDIO]", "(music)", "♪", lone dashes: names of sounds, not words
 *   haste       lines after the piece's end, or faster than a mouth can speak: past the end of
 *               speech, Whisper says the last lines again, in no time
 *   loops       lines, then pieces, of the same few words over and over
 *   no speech   the engine itself believes that nobody spoke, and its words are doubtful
 *   doubt       the mean confidence of a piece is too low
 *   rate        more words than a mouth can speak in the time where voice was found
 *   habit       a phrase that Whisper says when there is nothing ("thank you", "you", "bye"), alone
 *               in its piece, short of voice or with doubt
 */
#ifndef SPEECH_JUDGE_H
#define SPEECH_JUDGE_H

#include "speech/chunk.h"
#include "speech/driver.h"

/* Why a piece was refused; JUDGE_KEPT when it was not. */
enum judge_verdict {
    JUDGE_KEPT,
    JUDGE_EMPTY,
    JUDGE_NO_SPEECH,
    JUDGE_DOUBT,
    JUDGE_RATE,
    JUDGE_LOOP,
    JUDGE_HABIT,
};

/* Take sounds, hasty and looping lines out of `heard`, then judge what is left of the piece. Any
 * verdict but JUDGE_KEPT leaves no words in it. */
enum judge_verdict judge_heard(struct heard *heard, const struct chunk *chunk);

#endif
