# Music for a scene in three places. Run ../make_music.py first: it writes gamemusic.rpy and the files that it names.

label start:
    play music home
    "The rain has stopped. Nothing to do but tidy the house."

    # layers: all stems run in step, the script fades them
    $ gamemusic_play("cellar", intensity=0.2)
    "The cellar door stands open."
    $ gamemusic_intensity("cellar", 0.7)
    "Something is down there."

    $ gamemusic_play("fight", intensity=1.0)
    "It jumps at you!"

    $ gamemusic_stop()
    play sound won
    "Only the cat."
    return
