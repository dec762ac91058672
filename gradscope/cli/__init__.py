"""The command line: `gradscope COMMAND`, or `python -m gradscope`.

    main.py      parses, runs one command, turns errors into exit codes
    demo.py report.py check.py explain.py doctor.py    one command each: configure and run
    runs.py      which runs LOGDIR means
    slugs.py     which cause a word means
    gate.py      a report -> what check makes of it
    environment.py trials.py    what doctor looks at, and what it tries in other processes:
    trial_step.py trial_tab.py  ... those processes
    examination.py              a line of doctor's page
    networks.py  what the demo trains, and how
    summary.py   a run -> the numbers of the per-layer table
    render.py    those numbers and the verdicts -> the terminal

Nothing but the demo imports TensorFlow, unless a run that was cut off before its first verdicts has
to be judged.
"""
